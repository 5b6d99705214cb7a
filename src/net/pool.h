/*
 * pool.h - free lists of blocks of one size, of this process.
 *
 * The block given back last is handed out first: it is still in the processor's cache. A list
 * keeps a bounded number of blocks; what is over goes back to the heap. In a build with
 * AddressSanitizer nothing is kept, so that a use after the end is seen.
 */
#ifndef NET_POOL_H
#define NET_POOL_H

#include <stddef.h>

struct pool_block;

struct pool {
	size_t size;  /* of a block; at least that of a pointer */
	unsigned max; /* blocks kept */
	unsigned kept;
	struct pool_block *first;
};

void *pool_take(struct pool *p) __attribute__((returns_nonnull)); /* not zeroed */
void pool_give(struct pool *p, void *block);

#endif
