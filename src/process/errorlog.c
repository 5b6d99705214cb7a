/*
 * errorlog.c - see errorlog.h.
 */
#include "process/errorlog.h"

#include "base/facility.h"

#include <fcntl.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static int open_syslog(struct errorlog *log, int facility)
{
	log->sink.fd = -1;
	log->sink.syslog_facility = facility;
	return facility < 0 ? ERR_NOTFOUND : OK;
}

int errorlog_open(struct errorlog *log, const char *where, int level, bool detached)
{
	int facility = facility_of(where);
	*log = (struct errorlog){ .sink = { .fd = STDERR_FILENO, .level = (enum log_level)level } };
	if (facility != ERR_SYNTAX)
		return open_syslog(log, facility);
	if (strcmp(where, "-") == 0 && detached)
		return open_syslog(log, LOG_DAEMON);
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
