/*
 * cache_refill.h - a new answer is fetched behind the back of those who get the stale one (RFC 5861
 * section 3).
 */
#ifndef MIDDLEWARE_CACHE_REFILL_H
#define MIDDLEWARE_CACHE_REFILL_H

#include "middleware/cache_keys.h"
#include "middleware/cache_store.h"

/* Asks the handler of r's route for what `stale` was. ERR_FULL: too much is being fetched. Nothing
 * to do, and OK, if somebody is asking already. */
MUST_CHECK int cache_refill(struct cache_entry *e, struct cached *stale, const struct request *r,
    const struct cache_settings *s);
void cache_refill_give_up_all(void);

#endif
