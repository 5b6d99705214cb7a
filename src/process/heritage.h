/*
 * heritage.h - everything that a worker inherits from the master. What is not here is closed in the child.
 */
#ifndef PROCESS_HERITAGE_H
#define PROCESS_HERITAGE_H

#include "base/scoreboard.h"
#include "config/snapshot.h"
#include "net/listener.h"
#include "process/group.h"

struct heritage {
	const struct worker_group *group;
	struct snapshot *snapshot;
	const struct listener_set *listeners; /* all; listener.spec says to which listen entry one belongs */
	struct scoreboard *board;
	int slot;                 /* in the board */
	unsigned number;          /* "worker 3" */
	unsigned generation;
	int channel;              /* to the master: SOCK_SEQPACKET; end of file means that the master is gone */
	int error_log;            /* where log.h writes */
};

#endif
