/*
 * params.h - the names that a route's pattern gives to parts of the path, for templates.
 */
#ifndef APP_PARAMS_H
#define APP_PARAMS_H

#include "base/arena.h"
#include "config/snapshot.h"

/* Of a route, as template_compile wants them; NULL for scopes that have none, and for a pattern
 * that is not sound (which is told elsewhere). */
const char *const *params_of(const struct config_scope *scope, struct arena *a);

#endif
