/*
 * memory.c - where the library's memory comes from: free lists, since a request takes and gives
 * back half a dozen small blocks, and what malloc does for each costs as much as decoding a field.
 *
 * The library's own buffer for frames is 16 KiB, of which the heads of frames use the first few
 * hundred bytes. Such blocks have a list of their own, so that nobody else ever writes to their
 * ends: pages that were never touched cost a connection nothing.
 */
#include "http2/engine.h"

#include "base/mem.h"
#include "net/pool.h"

#include <stdalign.h>

enum {
	STEP = 64,
	CLASSES = 16,    /* blocks of up to 1 KiB */
	KEPT = 64 << 10, /* bytes, in each list */
	/* What the library asks for: 16 KiB, a frame's head, the length of padding. */
	LARGE_LEAST = 16 << 10,
	LARGE = (16 << 10) + 64,
	LARGE_KEPT = 64,
	IS_LARGE = CLASSES,
	IS_OTHER,
};

struct block {
	alignas(16) size_t size; /* of what follows */
	unsigned class;
};

#define CLASS(n)                                                                  \
	{                                                                         \
		.size = sizeof(struct block) + (n)*STEP, .max = KEPT / ((n)*STEP) \
	}
static struct pool pools[] = {
	CLASS(1),
	CLASS(2),
	CLASS(3),
	CLASS(4),
	CLASS(5),
	CLASS(6),
	CLASS(7),
	CLASS(8),
	CLASS(9),
	CLASS(10),
	CLASS(11),
	CLASS(12),
	CLASS(13),
	CLASS(14),
	CLASS(15),
	CLASS(16),
	[IS_LARGE] = { .size = sizeof(struct block) + LARGE, .max = LARGE_KEPT },
};

static unsigned class_of(size_t size)
{
	if (size <= CLASSES * STEP)
		return size > 0 ? (unsigned)((size - 1) / STEP) : 0;
	return size >= LARGE_LEAST && size <= LARGE ? IS_LARGE : IS_OTHER;
}

static void *on_malloc(size_t size, void *user)
{
	unsigned class = class_of(size);
	struct block *b =
	    class == IS_OTHER ? mem_alloc(sizeof(*b) + size) : pool_take(&pools[class]);

	(void)user;
	b->class = class;
	b->size = class == IS_OTHER ? size : pools[class].size - sizeof(*b);
	return b + 1;
}

static void on_free(void *p, void *user)
{
	(void)user;
	if (!p)
		return;
	struct block *b = (struct block *)p - 1;
	if (b->class == IS_OTHER)
		mem_free(b);
	else
		pool_give(&pools[b->class], b);
}

static void *on_calloc(size_t count, size_t size, void *user)
{
	return memset(on_malloc(count * size, user), 0, count * size);
}

static void *on_realloc(void *p, size_t size, void *user)
{
	if (!p)
		return on_malloc(size, user);
	const struct block *b = (struct block *)p - 1;
	if (size <= b->size)
		return p;
	void *larger = memcpy(on_malloc(size, user), p, b->size);
	on_free(p, user);
	return larger;
}

nghttp2_mem *h2_memory(void)
{
	static nghttp2_mem memory = { NULL, on_malloc, on_free, on_calloc, on_realloc };

	return &memory;
}
