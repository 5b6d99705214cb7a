/*
 * worker.h - a worker process: from the fork to the group's `run`, and what `run` may call.
 */
#ifndef PROCESS_WORKER_H
#define PROCESS_WORKER_H

#include "event/loop.h"
#include "process/heritage.h"

/* What the master wants; called in the loop. */
struct worker_orders {
	void (*drain)(struct worker *w, bool stop); /* finish, then end by yourself (stop: nobody follows, so take the backlog) */
	void (*cut)(struct worker *w);              /* the time to drain is over, or stop now: close all, end */
	void (*reopened)(struct worker *w, int index, int fd); /* a log file's new descriptor; takes it */
};

struct worker {
	const struct heritage *heritage;
	struct loop *loop; /* the worker layer watches the channel in it */
	const struct worker_orders *orders;
	void *state;       /* of the group's run */
};

/* Child: never returns. Closes what is not inherited, drops privileges, calls group->run, exits with what it returns. */
_Noreturn void worker_main(struct heritage *h);

/* For `run`: watches the channel in w->loop (which run has made), closes the sandbox, tells the master that this worker accepts. */
MUST_CHECK int worker_ready(struct worker *w);
/* A message for the master to pass on in --status or for all workers is not needed yet: the board says it all. */

#endif
