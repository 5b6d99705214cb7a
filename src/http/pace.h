/*
 * pace.h - how long a peer that owes us something (content, or room for our answer) may take.
 *
 * Each byte that moves earns time, 1/min_rate seconds of it, but no more than `timeout` of it can
 * be saved up. So nothing at all may happen for `timeout` at most, the first seconds are free, and
 * in the long run the peer has to keep up min_rate: a byte every 9 seconds buys 9 seconds nowhere.
 * A min_rate of 0 buys the whole time-out with each byte. Milliseconds of one clock.
 */
#ifndef HTTP_PACE_H
#define HTTP_PACE_H

#include <stdint.h>

struct pace {
	uint64_t due_ms; /* when patience ends; while paused: what was left of it */
};

struct pace_rule {
	uint64_t timeout_ms;
	uint64_t min_rate; /* bytes a second */
};

static inline void pace_start(struct pace *p, uint64_t now_ms, struct pace_rule rule)
{
	p->due_ms = now_ms + rule.timeout_ms;
}

/* Rounded up: a peer that sends single bytes at the permitted rate gets a millisecond for each. */
static inline void pace_moved(
    struct pace *p, uint64_t now_ms, uint64_t bytes, struct pace_rule rule)
{
	uint64_t most = now_ms + rule.timeout_ms;
	/* 2^40 bytes buy more than any time-out; the bound keeps the product in range. */
	uint64_t n = bytes < UINT64_C(1) << 40 ? bytes : UINT64_C(1) << 40;

	p->due_ms +=
	    rule.min_rate ? (n * 1000 + rule.min_rate - 1) / rule.min_rate : rule.timeout_ms;
	if (p->due_ms > most)
		p->due_ms = most;
}

/* While it is we who do not take (or give) anything. */
static inline void pace_pause(struct pace *p, uint64_t now_ms)
{
	p->due_ms = p->due_ms > now_ms ? p->due_ms - now_ms : 0;
}

static inline void pace_resume(struct pace *p, uint64_t now_ms)
{
	p->due_ms += now_ms;
}

#endif
