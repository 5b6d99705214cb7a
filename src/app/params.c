/*
 * params.c - see params.h.
 */
#include "app/params.h"

#include "app/route.h"

const char *const *params_of(const struct config_scope *scope, struct arena *a)
{
	struct route_pattern pattern;
	char why[PATTERN_WHY];
	if (scope->kind != SCOPE_ROUTE || pattern_of_route(scope, a, &pattern, why) < 0)
		return NULL;
	const char **list = arena_zalloc(a, (ROUTE_PARAMS_MAX + 1) * sizeof(*list));
	pattern_params(&pattern, list, a);
	pattern_release(&pattern);
	return list;
}
