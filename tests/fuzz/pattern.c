/*
 * pattern.c - fuzz target: a route's pattern and a path. What matches is found by the index, and
 * what it takes is part of the path.
 *
 * Input: the path of the groups around, the route's own and the path of a request, a line each.
 */
#include "app/route_index.h"

#include <stdint.h>
#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_parts(const struct exchange *x, struct slice path)
{
	for (unsigned i = 0; i < x->param_count; i++) {
		struct slice value = x->params[i].value;
		require(x->params[i].name.len > 0);
		require(value.len == 0 ||
			(value.ptr >= path.ptr && value.ptr + value.len <= path.ptr + path.len));
	}
}

static void require_found(struct route_pattern *pattern, struct slice path, struct arena *a)
{
	struct route route = { .compiled = pattern };
	struct route_walk walk;
	route_walk_start(&walk, route_index_new(&route, 1, a), path);
	require(route_walk_next(&walk) == 0);
	require(route_walk_next(&walk) == -1);
}

static void match(struct route_pattern *pattern, struct slice path, struct arena *a)
{
	const char *names[ROUTE_PARAMS_MAX];
	struct exchange x = { .param_count = 0 };
	enum match m = pattern_match(pattern, path, &x);
	require(m == MATCH_YES || x.param_count == 0);
	if (m != MATCH_YES)
		return;
	require(x.param_count == pattern_params(pattern, names, a));
	for (unsigned i = 0; i < x.param_count; i++)
		require(slice_eq(x.params[i].name, slice_str(names[i])));
	require_parts(&x, path);
	require_found(pattern, path, a);
}

/* What reading a configuration lets pass. */
static bool is_group(struct slice text)
{
	return text.len == 0 ||
	       (text.ptr[0] == '/' && slice_find(text, '*') < 0 && !slice_ends(text, SLICE("/")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size);
	struct slice group = slice_split(&rest, '\n'), own = slice_split(&rest, '\n');
	struct route_pattern pattern;
	struct arena arena;
	char why[PATTERN_WHY] = "";

	if (memchr(data, 0, size) || rest.len == 0 || rest.ptr[0] != '/' || !is_group(group))
		return 0;
	arena_init(&arena);
	if (pattern_compile(group, own, &arena, &pattern, why) < 0) {
		require(why[0]);
	} else {
		match(&pattern, rest, &arena);
		pattern_release(&pattern);
	}
	arena_fini(&arena);
	return 0;
}
