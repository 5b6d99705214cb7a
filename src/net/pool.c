/*
 * pool.c - free lists of blocks of one size; used by the output queue and the read buffers.
 */
#include "net/pool.h"

#include "base/mem.h"

#include <stdbool.h>

struct pool_block {
	struct pool_block *next;
};

#ifdef __SANITIZE_ADDRESS__
static const bool keeping = false;
#else
static const bool keeping = true;
#endif

void *pool_take(struct pool *p)
{
	struct pool_block *b = p->first;
	if (!b)
		return mem_alloc(p->size);
	p->first = b->next;
	p->kept--;
	return b;
}

void pool_give(struct pool *p, void *block)
{
	if (!keeping || p->kept == p->max) {
		mem_free(block);
		return;
	}
	struct pool_block *b = block;
	b->next = p->first;
	p->first = b;
	p->kept++;
}
