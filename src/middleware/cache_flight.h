/*
 * cache_flight.h - one request asks, others that want the same wait for it.
 */
#ifndef MIDDLEWARE_CACHE_FLIGHT_H
#define MIDDLEWARE_CACHE_FLIGHT_H

#include "event/loop.h"
#include "middleware/cache_store.h"

struct cache_flight;

/* Somebody asks: the entry's `flight` is set, and the entry stays until it has landed. */
struct cache_flight *cache_flight_begin(struct cache_entry *e);
/* There is an answer, or there will be none (`lost`: who asked is gone, another may try). Those who
 * wait hear of it at the end of the turn, for they may be further requests of the connection that
 * is being written to. */
void cache_flight_land(struct cache_flight **f, bool lost);
struct cache_entry *cache_flight_entry(const struct cache_flight *f);

/* Zero bytes before its first use. `on_landed` comes once, unless cache_flight_leave. */
struct cache_waiter;
typedef void (*cache_waiter_fn)(struct cache_waiter *w);
struct cache_waiter {
	struct list node;
	struct timer timer;
	cache_waiter_fn on_landed;
	bool again; /* set before on_landed: who asked is gone, so it may be waited for another */
};

/* Needs a loop. */
void cache_flight_wait(struct cache_flight *f, struct cache_waiter *w, uint64_t until_ms);
void cache_flight_leave(struct cache_waiter *w); /* may be called at any time */

#endif
