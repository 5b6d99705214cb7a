/*
 * logfile.h - files for access logs. Opened by the master (with its privileges), written by the
 * workers.
 *
 * A writer collects whole lines and writes them with one write(2) at the end of a loop turn when
 * enough are there, else once a second. Appends of whole lines do not tear between processes; to a
 * pipe no more than PIPE_BUF goes at once. A disk that is full costs one line in the error log and
 * the lines are dropped and counted: never a stall.
 */
#ifndef APP_LOGFILE_H
#define APP_LOGFILE_H

#include "base/slice.h"

#include <stddef.h>

struct loop;

/* A destination; the master's table, inherited by fork. */
struct logfile {
	const char *path; /* as configured: a path, "-", "syslog:local1" */
	int fd;           /* -1: syslog or failed */
	int facility;
};

/* Different paths that a master may meet in its life: a worker keeps a descriptor for each. */
enum { LOGFILES_MAX = 240 };

/* Finds or opens (O_APPEND | O_CREAT, 0640); same path, same file. Returns its index, ERR_IO with
 * errno, ERR_FULL. In the master. */
int logfile_open(const char *path);
struct logfile *logfile_at(int index); /* NULL past the end */
int logfile_find(const char *path);    /* index or ERR_NOTFOUND */
/* Master: opens every path anew (USR1); what can not be opened keeps its old descriptor and is
 * logged. */
void logfile_reopen_all(void);
/* Worker: the master passed a new descriptor. */
void logfile_replace(int index, int fd);

/* Worker: adds a line (with its newline), to be written soon. */
void logfile_write(int index, struct slice line);
void logfile_start(struct loop *loop); /* Worker: from now on with a timer */
void logfile_flush(void);              /* All that is collected, now. */

#endif
