/*
 * arena.h - memory that is given back all at once.
 *
 * One for a connection, one for a request, one for a configuration. The blocks are of one size
 * and come from a free list of the process, so a request's arena costs no malloc; an allocation
 * larger than a block gets memory of its own. Never returns NULL (see mem.h).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block
	    *blocks; /* newest first; NULL while empty: an empty arena holds nothing */
	char *next;
	char *end;
};

void arena_init(struct arena *a); /* all zero bytes is an initialised arena, too */
void arena_fini(struct arena *a); /* gives all back; the arena is as after arena_init */

void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull)); /* 16-aligned */
void *arena_zalloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
char *arena_bytes(struct arena *a, size_t size) __attribute__((returns_nonnull)); /* unaligned */

/* Copies; the result is NUL-terminated as well. */
struct slice arena_dup(struct arena *a, struct slice s);
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((returns_nonnull, format(printf, 2, 3)));

/* The free list is the calling thread's; this gives it back, for instance before a thread ends. */
void arena_trim(void);

#endif
