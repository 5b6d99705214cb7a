/*
 * rate_limit.h - how often a client may ask: a bucket of tokens for each address, user or value of
 * a field, over all workers.
 */
#ifndef MIDDLEWARE_RATE_LIMIT_H
#define MIDDLEWARE_RATE_LIMIT_H

#include "app/module.h"

extern const struct key_group rate_limit_group;

/* One feature in two places: a limit by user can count only behind who finds out the user, any
 * other should count before that costs anything. A route's limit is in one of them. */
extern const struct middleware rate_limit_middleware;
extern const struct middleware rate_limit_user_middleware;

#endif
