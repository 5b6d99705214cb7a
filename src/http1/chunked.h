/*
 * chunked.h - takes the chunked coding off a request's content (RFC 9112 section 7.1).
 *
 * Resumable at any byte, and the data stays where it is: chunked_parse reads framing at the front
 * of the input until data, the end, or the end of the input comes; the caller takes the data itself
 * and tells how much.
 */
#ifndef HTTP1_CHUNKED_H
#define HTTP1_CHUNKED_H

#include "http/request.h"
#include "http/server.h"

enum chunked_result {
	/* All framing in the input was read, or it ends within a trailer line, which has to come
	 * whole. */
	CHUNKED_MORE,
	CHUNKED_DATA, /* behind the framing stand data bytes: what is here of d->left, maybe none */
	CHUNKED_DONE, /* the content and its trailers are complete */
	CHUNKED_BAD,  /* d->reason says why */
};

struct chunked {
	const struct http_limits *limits;
	uint64_t left; /* data bytes of this chunk that are not taken yet */
	const char *reason;
	uint32_t extensions; /* bytes of chunk extensions so far */
	uint32_t trailers;   /* bytes of trailer lines so far */
	uint32_t scanned;    /* of the trailer line at hand */
	uint8_t state;
	uint8_t digits; /* of the chunk size */
};

/* Chunk extensions of a whole message. Nobody sends any; without a bound they would be content that
 * no limit counts. */
enum { CHUNKED_EXTENSIONS_MAX = 4096 };

void chunked_init(struct chunked *d, const struct http_limits *limits);

/* *used_out are the framing bytes at the front of the input, done with whatever is returned.
 * Trailers go to r->trailers, copied; with r NULL they are checked and forgotten. */
enum chunked_result chunked_parse(
    struct chunked *d, struct slice input, struct request *r, size_t *used_out);

/* n <= d->left data bytes were taken. */
void chunked_take(struct chunked *d, uint64_t n);

#endif
