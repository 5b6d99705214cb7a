/*
 * worker.h - a worker process: from the fork to the group's `run`, and what `run` may call.
 */
#ifndef PROCESS_WORKER_H
#define PROCESS_WORKER_H

#include "event/loop.h"
#include "process/heritage.h"

struct worker;

/* What the master wants; called in the loop. */
struct worker_orders {
	/* Finish, then end by yourself (stop: nobody follows, so take the backlog). At most once.
	 */
	void (*drain)(struct worker *w, bool stop);
	/* The time to drain is over, or stop now: close all, end. At most once. */
	void (*cut)(struct worker *w);
	/* A log file's new descriptor, to be taken; index as in group->keep. May be NULL. */
	void (*reopened)(struct worker *w, int index, int fd);
};

struct worker {
	const struct heritage *heritage;
	struct loop *loop; /* the worker layer watches the channel in it */
	const struct worker_orders *orders;
	void *state; /* of the group's run */
};

/* Child: never returns. Closes what is not inherited, drops privileges, calls group->run, exits
 * with what it returns. */
_Noreturn void worker_main(struct heritage *h);

/*
 * For `run`: watches the channel in w->loop (which run has made), closes the sandbox, tells the
 * master that this worker accepts. The sandbox holds the calling thread and those it starts later:
 * no thread may be there yet. ERR_IO (it is logged): run returns 1 then.
 */
MUST_CHECK int worker_ready(struct worker *w);

#endif
