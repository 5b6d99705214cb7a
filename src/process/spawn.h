/*
 * spawn.h - makes a worker process. Mechanism only: when and how often is the business of
 * generation.c.
 */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include "process/heritage.h"

struct spawned {
	pid_t pid;
	int channel; /* the master's end */
	int slot;
};

/*
 * Forks. Fills in slot, channel and master of the heritage; the child does not return. ERR_FULL
 * when the scoreboard has no slot left, ERR_IO with errno when the kernel refuses.
 */
MUST_CHECK int spawn_worker(struct heritage *h, struct spawned *out);

#endif
