/*
 * errorlog.c - see errorlog.h.
 */
#include "process/errorlog.h"

#include <fcntl.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static const struct {
	const char *name;
	int facility;
} facilities[] = {
	{ "auth", LOG_AUTH },
	{ "authpriv", LOG_AUTHPRIV },
	{ "cron", LOG_CRON },
	{ "daemon", LOG_DAEMON },
	{ "ftp", LOG_FTP },
	{ "kern", LOG_KERN },
	{ "lpr", LOG_LPR },
	{ "mail", LOG_MAIL },
	{ "news", LOG_NEWS },
	{ "syslog", LOG_SYSLOG },
	{ "user", LOG_USER },
	{ "uucp", LOG_UUCP },
	{ "local0", LOG_LOCAL0 },
	{ "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 },
	{ "local7", LOG_LOCAL7 },
};

int errorlog_facility(const char *name)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (strcmp(facilities[i].name, name) == 0)
			return facilities[i].facility;
	return -1;
}

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static int open_syslog(struct errorlog *log, const char *facility)
{
	log->sink.fd = -1;
	log->sink.syslog_facility = errorlog_facility(facility);
	return log->sink.syslog_facility < 0 ? ERR_NOTFOUND : OK;
}

int errorlog_open(struct errorlog *log, const char *where, int level, bool detached)
{
	static const char syslog_prefix[] = "syslog:";
	*log = (struct errorlog){ .sink = { .fd = STDERR_FILENO, .level = (enum log_level)level } };
	if (strncmp(where, syslog_prefix, strlen(syslog_prefix)) == 0)
		return open_syslog(log, where + strlen(syslog_prefix));
	if (strcmp(where, "syslog") == 0 || (strcmp(where, "-") == 0 && detached))
		return open_syslog(log, "daemon");
	if (strcmp(where, "-") == 0) {
		log->sink.terminal = isatty(STDERR_FILENO);
		return OK;
	}
	log->sink.fd = open_file(where);
	if (log->sink.fd < 0)
		return ERR_IO;
	log->path = where;
	return OK;
}

void errorlog_close(struct errorlog *log)
{
	if (log->path)
		close(log->sink.fd);
	*log = (struct errorlog){ .sink = { .fd = STDERR_FILENO } };
}

int errorlog_reopen(struct errorlog *log)
{
	if (!log->path)
		return OK;
	int fd = open_file(log->path);
	if (fd < 0)
		return ERR_IO;
	/* In place: whoever knows the number writes to the new file from now on. */
	dup3(fd, log->sink.fd, O_CLOEXEC);
	close(fd);
	return OK;
}
