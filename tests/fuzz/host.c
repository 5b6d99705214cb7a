/*
 * host.c - fuzz target: Host values. A canonical host is its own canonical form.
 */
#include "http/target.h"

#include <stdint.h>
#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice host, again;
	struct arena arena;
	unsigned port;

	arena_init(&arena);
	if (host_parse(slice_of((const char *)data, size), &arena, &host, &port) == OK) {
		require(host.len > 0 && port <= 65535);
		for (size_t i = 0; i < host.len; i++)
			require(host.ptr[i] < 'A' || host.ptr[i] > 'Z' || host.ptr[i] == '[');
		require(host_parse(host, &arena, &again, &port) == OK && port == 0);
		require(slice_eq(host, again));
	}
	arena_fini(&arena);
	return 0;
}
