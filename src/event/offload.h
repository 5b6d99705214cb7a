/*
 * offload.h - a small pool of threads for what would block the loop: reading a directory, a file
 * not in the page cache, hashing a password, resolving a name.
 *
 * A job's `work` runs in a thread and touches nothing but the job; its `done` runs later in the
 * loop's thread. Threads start on the first job, and at most `threads` of them. Jobs are started
 * in order. The queue is bounded: ERR_FULL when it is full; the caller answers 503.
 */
#ifndef EVENT_OFFLOAD_H
#define EVENT_OFFLOAD_H

#include "event/loop.h"

struct offload;

struct offload_job;
typedef void (*offload_fn)(struct offload_job *job);
struct offload_job {
	struct offload_job *next; /* the pool's */
	offload_fn work;
	offload_fn done; /* called exactly once for a submitted job; frees it if the submitter has
			    lost interest */
};

struct offload *offload_new(struct loop *loop, unsigned threads, unsigned queue_max);
/* Of its threads (setpriority(2)), before the first job: a pool whose work may wait gets what the
 * loop and others leave over. */
void offload_set_nice(struct offload *pool, int nice);
void offload_free(struct offload **pool); /* waits for running jobs; drops none: their done runs */
MUST_CHECK int offload_submit(struct offload *pool, struct offload_job *job);

#endif
