/*
 * choice.h - which handlers a route's settings name, and names of hosts as the configuration writes
 * them.
 */
#ifndef APP_CHOICE_H
#define APP_CHOICE_H

#include "app/module.h"

/* The first handler that is chosen at this very route; NULL without one. */
const struct handler *choice_first(const struct config_scope *route, const struct modules *m);
bool choice_is(const struct config_scope *route, const struct handler *h);
/* How many are: exactly one is right. */
unsigned choice_count(const struct config_scope *route, const struct modules *m);
/* Of a group of routes: one that is chosen there by settings that only routes have; NULL without.
 */
const struct handler *choice_unshared(const struct config_scope *group, const struct modules *m);
/* One was written, but so that it could not be taken: it is reported already. */
bool choice_mistaken(const struct config_scope *route, const struct modules *m);
const struct handler *choice_by_name(const char *name, const struct modules *m);

/* A name of a site or a route as hosts of requests are written: lower case, no dot at the end. NULL
 * gives the empty slice. */
struct slice host_canonical(const char *name, struct arena *a);

#endif
