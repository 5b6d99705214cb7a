/*
 * target.c - fuzz target: request targets. A canonical path has nothing left to resolve, and comes
 * out of its own encoding unchanged.
 */
#include "http/target.h"

#include <stdint.h>
#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_canonical(struct slice path, struct arena *a)
{
	struct slice rest = slice_tail(path, 1);
	struct target again;
	const char *reason = NULL;

	require(path.len > 0 && path.ptr[0] == '/');
	require(memchr(path.ptr, 0, path.len) == NULL);
	while (rest.len > 0) {
		struct slice segment = slice_split(&rest, '/');
		require(segment.len > 0);
		require(!slice_eq(segment, SLICE(".")) && !slice_eq(segment, SLICE("..")));
	}
	require(target_parse(target_encode(path, a), METHOD_GET, a, &again, &reason) == OK);
	require(slice_eq(again.path, path) && again.query.ptr == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum http_method methods[] = { METHOD_GET, METHOD_OPTIONS };
	struct slice text = slice_of((const char *)data, size);
	struct arena arena;

	arena_init(&arena);
	for (unsigned i = 0; i < 2; i++) {
		struct target target;
		const char *reason = NULL;
		if (target_parse(text, methods[i], &arena, &target, &reason) != OK)
			require(reason != NULL);
		else if (!slice_eq(target.path, SLICE("*")))
			require_canonical(target.path, &arena);
	}
	arena_fini(&arena);
	return 0;
}
