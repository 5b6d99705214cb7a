/*
 * spool.h - a sink that collects a request's whole content: in memory up to a threshold, beyond
 * that in a temporary file without a name.
 *
 * For handlers that need the length before they begin (CGI, FastCGI, a proxy that may have to send
 * the request again). How much may come at all is the engine's limit.
 */
#ifndef HTTP_SPOOL_H
#define HTTP_SPOOL_H

#include "base/error.h"
#include "http/body.h"

#include <stdint.h>

struct spool;

/*
 * Called once, in the end: OK, the content is complete; ERR_IO with errno, it is complete but could
 * not be kept (answer 507); ERR_CLOSED, the request was given up and nothing may be answered. The
 * spool may be freed in it.
 */
typedef void (*spool_fn)(struct spool *s, int result, void *ctx);

struct spool_spec {
	size_t memory_max; /* bytes that are kept in memory */
	/* Of the file; NULL: /var/tmp, which is a disk where /tmp may be memory. */
	const char *directory;
	spool_fn on_end;
	void *ctx;
};

struct spool *spool_new(
    const struct spool_spec *spec); /* copies the spec, borrows the directory's name */
void spool_free(struct spool **s);  /* bytes that sources have handed out stay until they are out */

struct sink *spool_sink(struct spool *s); /* for request_read_body */
uint64_t spool_size(const struct spool *s);

/* A source of the whole content, each time from the start; it may outlive the spool. */
struct source *spool_source(struct spool *s);

/* All of it in memory, if it did not go over memory_max; otherwise ptr is NULL. Borrowed until
 * spool_free. */
struct slice spool_peek(const struct spool *s);

#endif
