/*
 * heritage.h - everything that a worker inherits from the master. What is not here is closed in the
 * child.
 */
#ifndef PROCESS_HERITAGE_H
#define PROCESS_HERITAGE_H

#include "base/log.h"
#include "base/scoreboard.h"
#include "config/snapshot.h"
#include "net/listener.h"
#include "process/group.h"
#include "process/privileges.h"

struct heritage {
	const struct worker_group *group;
	unsigned group_index; /* in master_options.groups */
	struct snapshot *snapshot;
	void *opened; /* by group->open */
	const struct listener_set
	    *listeners; /* the group's; listener.spec is an index of its specs */
	struct scoreboard *board;
	int slot;        /* in the board */
	unsigned number; /* "worker 3" */
	unsigned generation;
	int channel; /* to the master: SOCK_SEQPACKET; end of file means that the master is gone */
	int error_log; /* where log.h writes; -1: syslog */
	const struct log_sink
	    *log; /* for when it is ready: before that, errors go where the master's go */
	const struct privileges *privileges;
	pid_t master;
	bool detach; /* standard streams go to /dev/null once it is ready */
};

#endif
