/*
 * cache_tee.h - a source that passes on what another gives, and collects it as well.
 */
#ifndef MIDDLEWARE_CACHE_TEE_H
#define MIDDLEWARE_CACHE_TEE_H

#include "http/request.h"

enum cache_tee_end {
	TEE_WHOLE,    /* all has come: `content` is borrowed for the call */
	TEE_TOO_MUCH, /* for the maximum, or for the store */
	TEE_LOST,     /* it failed, or was given up */
};

/* Called once. */
typedef void (*cache_tee_fn)(void *ctx, enum cache_tee_end end, struct slice content);

/* Around the response's source. `max`: bytes that are collected. */
void cache_tee(struct request *r, size_t max, cache_tee_fn fn, void *ctx);

#endif
