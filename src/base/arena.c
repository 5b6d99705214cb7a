/*
 * arena.c - memory that is given back all at once.
 *
 * Blocks come from a free list of the thread, last in first out, so that the block a request
 * gets is the one the last request left hot in the cache. A block is never scrubbed. Under
 * AddressSanitizer whatever is not handed out is poisoned: a use after arena_fini or past the end
 * of an allocation is seen.
 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(ptr, size) ASAN_POISON_MEMORY_REGION(ptr, size)
#define UNPOISON(ptr, size) ASAN_UNPOISON_MEMORY_REGION(ptr, size)
#else
#define POISON(ptr, size) ((void)(ptr), (void)(size))
#define UNPOISON(ptr, size) ((void)(ptr), (void)(size))
#endif

struct arena_block {
	struct arena_block *next;
	size_t size; /* of what follows */
	char bytes[];
};

enum {
	ALIGNMENT = 16, /* malloc's, so that any object fits */
	/* A page with malloc's own word and padding: a usual request (head, path, response fields)
	 * takes 1-3 KiB and so one block; smaller ones chain, larger ones cool the cache. */
	BLOCK_SIZE = 4096 - 16,
	BLOCK_ROOM = BLOCK_SIZE - sizeof(struct arena_block),
	/* 512 KiB at most. Requests of hot files end in the turn they begin in, so few blocks go
	 * round; more in hand at once means waiting for a disk or an upstream, beside which a
	 * malloc costs nothing. */
	SPARE_MAX = 128,
};

_Static_assert(sizeof(struct arena_block) % ALIGNMENT == 0, "bytes of a block must be aligned");

static _Thread_local struct {
	struct arena_block *first;
	unsigned count;
} spare;

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = mem_alloc(sizeof(*block) + size);
	block->size = size;
	POISON(block->bytes, size);
	return block;
}

static struct arena_block *block_take(void)
{
	struct arena_block *block = spare.first;
	if (!block)
		return block_new(BLOCK_ROOM);
	spare.first = block->next;
	spare.count--;
	return block;
}

static void block_free(struct arena_block *block)
{
	UNPOISON(block->bytes, block->size);
	mem_free(block);
}

static void block_give(struct arena_block *block)
{
	if (block->size != BLOCK_ROOM || spare.count == SPARE_MAX) {
		block_free(block);
		return;
	}
	POISON(block->bytes, block->size);
	block->next = spare.first;
	spare.first = block;
	spare.count++;
}

void arena_fini(struct arena *a)
{
	struct arena_block *block = a->blocks;
	while (block) {
		struct arena_block *next = block->next;
		block_give(block);
		block = next;
	}
	arena_init(a);
}

void arena_trim(void)
{
	while (spare.first)
		block_free(block_take());
}

/* Behind the current block, which stays current: its rest is not lost. */
static char *alloc_own(struct arena *a, size_t size)
{
	struct arena_block *block = block_new(size);
	struct arena_block **link = a->blocks ? &a->blocks->next : &a->blocks;
	block->next = *link;
	*link = block;
	UNPOISON(block->bytes, size);
	return block->bytes;
}

static __attribute__((noinline)) char *alloc_slow(struct arena *a, size_t size)
{
	if (size >= BLOCK_ROOM) /* equal: size alone tells a block of the free list from others */
		return alloc_own(a, size == BLOCK_ROOM ? size + 1 : size);
	struct arena_block *block = block_take();
	block->next = a->blocks;
	a->blocks = block;
	a->next = block->bytes + size;
	a->end = block->bytes + BLOCK_ROOM;
	UNPOISON(block->bytes, size);
	return block->bytes;
}

char *arena_bytes(struct arena *a, size_t size)
{
	char *at = a->next;
	if (size > (size_t)(a->end - at) || !at)
		return alloc_slow(a, size);
	a->next = at + size;
	UNPOISON(at, size);
	return at;
}

void *arena_alloc(struct arena *a, size_t size)
{
	/* An empty arena's next is NULL, of no distance to the end. */
	size_t left = (size_t)(a->end - a->next);
	size_t pad = -(uintptr_t)a->next & (ALIGNMENT - 1);
	if (pad >= left || size > left - pad)
		return alloc_slow(a, size);
	char *at = a->next + pad;
	a->next = at + size;
	UNPOISON(at, size);
	return at;
}

void *arena_zalloc(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

struct slice arena_dup(struct arena *a, struct slice s)
{
	char *copy = arena_bytes(a, s.len + 1);
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return slice_of(copy, s.len);
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t size = strlen(s) + 1;
	return memcpy(arena_bytes(a, size), s, size);
}

static __attribute__((format(printf, 2, 0))) char *format(
    struct arena *a, const char *fmt, va_list ap)
{
	char draft[256]; /* most texts fit: formatted once */
	va_list again;
	va_copy(again, ap);
	int len = vsnprintf(draft, sizeof(draft), fmt, ap);
	size_t size = len < 0 ? 1 : (size_t)len + 1;
	char *text = arena_bytes(a, size);
	if (size <= sizeof(draft))
		memcpy(text, draft, size);
	else
		vsnprintf(text, size, fmt, again);
	text[size - 1] = '\0';
	va_end(again);
	return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = format(a, fmt, ap);
	va_end(ap);
	return text;
}
