/*
 * throttle.h - how soon a worker that died is replaced. Policy only: no clock, no process.
 *
 * One that had proved itself is replaced at once, and so is the first that had not: the visitor who
 * killed it may be gone. One that dies again before it proved anything has a structural problem,
 * and replacing it faster would only burn the machine: the delay doubles from 100 ms to 30 s.
 */
#ifndef PROCESS_THROTTLE_H
#define PROCESS_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	THROTTLE_FIRST_MS = 100,  /* no longer than a visitor's patience */
	THROTTLE_LAST_MS = 30000, /* no longer than an operator's, who has just repaired it */
	/* What proves a worker: a second of life (a process that can not live dies within
	 * milliseconds), or a hundred answers (then it works, and somebody kills it). */
	THROTTLE_PROVED_MS = 1000,
	THROTTLE_PROVED_REQUESTS = 100,
};

struct throttle {
	unsigned failures; /* in a row */
};

struct throttle_life {
	bool ready; /* it accepted connections */
	uint64_t age_ms;
	uint64_t requests;
};

/* Takes note of a death; returns the milliseconds until a replacement may start. */
unsigned throttle_death(struct throttle *t, const struct throttle_life *life);

/* The same for a process that could not even be made. */
unsigned throttle_failure(struct throttle *t);

#endif
