/*
 * upgrade.h - the binary started anew on the same sockets: the side of the old master.
 *
 *   old: forks; execs the file that it was started from, with the sockets and the scoreboard as
 * inherited descriptors new: reads the configuration, starts workers          READY → old: gives up
 * the pid file's lock                     ← TAKE new: takes pid file and control socket TAKEN →
 *   old: lets its workers drain, and exits 0
 *
 * Whatever goes wrong before TAKEN (no such file, it exits, it is silent for too long) leaves the
 * old master in charge; its own workers have served all the time.
 */
#ifndef PROCESS_UPGRADE_H
#define PROCESS_UPGRADE_H

#include "process/state.h"

/* What a successor is told, in this variable: see inherit.c. */
#define UPGRADE_VARIABLE "HTTPD_UPGRADE"

enum { UPGRADE_LISTENERS = 1024 };

struct inheritance {
	int channel;
	int board;
	int log;             /* the error log; -1: syslog */
	int facility;        /* then */
	unsigned generation; /* the last one of the predecessor */
	bool detached;       /* it has no terminal */
	bool activated;      /* its sockets came from a service manager */
	size_t count;
	int listeners[UPGRADE_LISTENERS];
};

/* At the start: finds the file that this process was started from, while argv[0] still leads there.
 */
void upgrade_find_binary(struct master *m);

/* Only while nothing else is under way. */
void upgrade_begin(struct master *m);
void upgrade_step(struct master *m, uint64_t now_ms);
/* Whether this was the successor; then all is done. */
bool upgrade_reap(struct master *m, pid_t pid, int status);
/* The server stops: no successor is wanted any more. */
void upgrade_cancel(struct master *m);
/* A successor is on its way, or one that failed is not gone yet. */
bool upgrade_busy(const struct master *m);
uint64_t upgrade_next_ms(const struct master *m);
int upgrade_pollfd(const struct master *m); /* -1: none */

/* The variable's text. ERR_FULL when it does not fit, ERR_SYNTAX when it is none. */
MUST_CHECK int inheritance_format(const struct inheritance *in, char *text_out, size_t room);
MUST_CHECK int inheritance_parse(const char *text, struct inheritance *out);

#endif
