/*
 * wheel.h - the loop's timers: a hierarchical wheel. Setting, moving and clearing are O(1).
 *
 * Knows ticks and timers, no clock and no descriptors. loop.c is its only user.
 */
#ifndef EVENT_WHEEL_H
#define EVENT_WHEEL_H

#include "event/loop.h"

enum {
	/* 8 ms: no time-out of a server is finer, and timers due close together share one wake-up.
	 */
	WHEEL_TICK_SHIFT = 3,
	WHEEL_BITS = 6, /* 64 slots a level, so that one word tells which are occupied */
	/* 6 levels of 64: 2^36 ticks of 8 ms, 17 years. Later ones are looked at then. */
	WHEEL_LEVELS = 6,
	WHEEL_SLOTS = 1 << WHEEL_BITS,
};

struct wheel {
	uint64_t tick;                   /* all slots up to this one have been run */
	uint64_t occupied[WHEEL_LEVELS]; /* a bit a slot; may be set for an empty slot, never clear
					  * for another */
	struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, uint64_t now_ms);

/* due_ms > 0; a time that has passed is due with the tick after now_ms. */
void wheel_set(struct wheel *w, struct timer *t, uint64_t due_ms, uint64_t now_ms);
void wheel_clear(struct timer *t);

/* Runs what is due; callbacks may set and clear any timer. */
void wheel_run(struct wheel *w, uint64_t now_ms);

/* When to call wheel_run next; UINT64_MAX without timers. May be early, never late. */
uint64_t wheel_next_ms(struct wheel *w);

#endif
