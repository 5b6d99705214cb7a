/*
 * facility.c - see facility.h. The names are syslog.conf's; kern is the kernel's own.
 */
#include "base/facility.h"

#include "base/error.h"

#include <string.h>
#include <syslog.h>

const char *const facility_names[] = { "auth", "authpriv", "cron", "daemon", "ftp", "lpr", "mail",
	"news", "syslog", "user", "uucp", "local0", "local1", "local2", "local3", "local4",
	"local5", "local6", "local7", NULL };

static const int facilities[] = { LOG_AUTH, LOG_AUTHPRIV, LOG_CRON, LOG_DAEMON, LOG_FTP, LOG_LPR,
	LOG_MAIL, LOG_NEWS, LOG_SYSLOG, LOG_USER, LOG_UUCP, LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2,
	LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 };

int facility_find(const char *name)
{
	for (size_t i = 0; facility_names[i]; i++)
		if (strcmp(facility_names[i], name) == 0)
			return facilities[i];
	return ERR_NOTFOUND;
}

int facility_of(const char *destination)
{
	static const char prefix[] = "syslog:";
	size_t len = sizeof(prefix) - 1;
	return strncmp(destination, prefix, len) == 0 ? facility_find(destination + len)
						      : ERR_SYNTAX;
}
