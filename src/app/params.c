/*
 * params.c - see params.h.
 */
#include "app/params.h"

#include "app/route.h"
#include "config/core.h"

static const char *const *list_of(const struct route_pattern *p, struct arena *a)
{
	const char **list = arena_zalloc(a, (p->segment_count + 2) * sizeof(*list));
	size_t count = 0;
	for (unsigned i = 0; i < p->segment_count; i++)
		if (p->segments[i].param)
			list[count++] = arena_dup(a, p->segments[i].text).ptr;
	if (p->rest || p->kind == PATTERN_PREFIX || p->kind == PATTERN_SUFFIX)
		list[count++] = "*";
	return list;
}

const char *const *params_of(const struct config_scope *scope, struct arena *a)
{
	struct route_pattern pattern;
	const char *reason;
	if (scope->kind != SCOPE_ROUTE)
		return NULL;
	const struct route_settings *s = config_settings(scope, &route_group);
	if (!s->path || pattern_compile(slice_str(s->path), a, &pattern, &reason) < 0)
		return NULL;
	return list_of(&pattern, a);
}
