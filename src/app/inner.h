/*
 * inner.h - a request of the server's own: the handler of a route is asked once more, for nobody's
 * connection, and its answer is collected in memory.
 *
 * Middleware is not asked again: whoever may ask stands behind it.
 */
#ifndef APP_INNER_H
#define APP_INNER_H

#include "http/request.h"

struct inner;

/* Called once, in a later turn of the loop: OK, and the answer is complete; ERR_FULL, its content
 * is longer than was wanted; ERR_IO, the handler failed on the way; ERR_CLOSED, it took too long.
 * The inner may be freed in it. */
typedef void (*inner_fn)(struct inner *i, int result, void *ctx);

struct inner_spec {
	const struct request *like; /* its route, target, host and fields; copied */
	size_t content_max;
	uint64_t timeout_ms;
	inner_fn on_end;
	void *ctx;
};

/* A GET, without content and conditions. Its fields may be changed until inner_ask. Needs a loop.
 */
struct inner *inner_new(const struct inner_spec *spec);
void inner_ask(struct inner *i);
/* Gives it up, if it has not ended. */
void inner_free(struct inner **i);

struct request *inner_request(struct inner *i);    /* its response has the head */
struct slice inner_content(const struct inner *i); /* borrowed until inner_free */

#endif
