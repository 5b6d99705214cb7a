/*
 * child.h - one worker as the master sees it: what it was told, what it said, and by when it must
 * have obeyed.
 */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include "base/list.h"
#include "process/channel.h"
#include "process/group.h"
#include "process/throttle.h"

#include <sys/types.h>

struct child;

enum {
	CHILD_READY_MS = 10000, /* to read all sites and certificates; longer means that it hangs */
	CHILD_CUT_MS = 5000,    /* from "end now" to SIGKILL */
};

/* A place that is filled by one child at a time. */
struct post {
	unsigned number;
	struct child *child;
	struct throttle throttle;
	uint64_t due_ms; /* when a child may be started; meant while child is NULL */
};

enum child_state {
	CHILD_STARTING, /* forked; deadline: killed if it is not ready by then */
	CHILD_READY,
	CHILD_DRAINING, /* deadline: cut */
	CHILD_CUT,      /* deadline: killed */
};

struct child {
	struct list node;  /* in generation.children */
	struct post *post; /* NULL: nobody follows when it ends */
	const struct worker_group *group;
	unsigned number;
	pid_t pid;
	int channel; /* -1: closed */
	int slot;
	enum child_state state;
	bool expected;     /* it was told to end */
	bool drain_acked;  /* it has said that it accepts no more */
	uint32_t sandbox;  /* SANDBOX_* bits */
	uint64_t drain_ms; /* how long it may drain */
	uint64_t started_ms;
	uint64_t deadline_ms;     /* monotonic; 0: none */
	uint64_t requests_before; /* in the slot, of its predecessors */
};

/* Reads what it says. */
void child_read(struct child *c);

/* It shall finish what it has, within drain_ms of the child, and end (`stop`: nobody follows). One
 * that is not ready yet is killed. */
void child_drain(struct child *c, bool stop);
void child_cut(struct child *c);  /* it shall end now */
void child_kill(struct child *c); /* it ends now */

/* The deadline is over: the next harder measure. */
void child_expire(struct child *c);

/* What throttle.h judges. */
struct throttle_life child_life(const struct child *c);

/* Passes a descriptor; -1 and standard streams are skipped. */
void child_send(struct child *c, enum channel_type type, uint32_t value, int fd);

#endif
