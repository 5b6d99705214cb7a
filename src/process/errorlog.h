/*
 * errorlog.h - where the error log of a configuration goes: opened by the master, inherited by
 * workers.
 */
#ifndef PROCESS_ERRORLOG_H
#define PROCESS_ERRORLOG_H

#include "base/error.h"
#include "base/log.h"

struct errorlog {
	struct log_sink sink; /* fd is owned if path is not NULL */
	const char *path;     /* borrowed from the configuration; NULL: standard error or syslog */
};

/*
 * `where` as log.error has it: a path, "-" or "syslog:FACILITY". A process that has left its
 * terminal has no standard error: "-" is then syslog. ERR_IO with errno, ERR_NOTFOUND for an
 * unknown facility.
 */
MUST_CHECK int errorlog_open(struct errorlog *log, const char *where, int level, bool detached);
void errorlog_close(struct errorlog *log);

/* Opens the file anew; keeps the old one if that fails, with ERR_IO and errno. OK, too, when there
 * is no file. */
MUST_CHECK int errorlog_reopen(struct errorlog *log);

#endif
