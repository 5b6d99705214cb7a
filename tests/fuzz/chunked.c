/*
 * chunked.c - fuzz target: the chunk decoder, fed whole and byte by byte, with data taken in
 * pieces. Content, end and verdict have to be the same.
 */
#include "http1/chunked.h"

#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>

static const struct http_limits limits = { .header_size = 256, .headers = 8 };

struct result {
	struct request request;
	struct buf content;
	enum chunked_result end;
	size_t used;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static size_t take(struct chunked *d, struct slice bytes, struct result *out)
{
	struct slice piece = slice_head(bytes, d->left);

	require(buf_append(&out->content, piece) == OK);
	chunked_take(d, piece.len);
	return piece.len;
}

/* Decodes what stands in the first `len` bytes. */
static void feed(struct chunked *d, struct slice input, size_t len, struct result *out)
{
	do {
		size_t used = 0;
		struct slice rest = slice_tail(slice_head(input, len), out->used);
		if (rest.len == 0)
			return;
		out->end = chunked_parse(d, rest, &out->request, &used);
		out->used += used;
		if (out->end == CHUNKED_DATA)
			out->used += take(d, slice_tail(rest, used), out);
	} while (out->end == CHUNKED_DATA);
}

static void decode(struct result *out, struct slice input, size_t step)
{
	struct chunked d;

	memset(out, 0, sizeof(*out));
	buf_init(&out->content, input.len);
	chunked_init(&d, &limits);
	for (size_t len = step; len - step < input.len; len += step) {
		feed(&d, input, len, out);
		if (out->end == CHUNKED_DONE || out->end == CHUNKED_BAD)
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct result whole, bytes;

	decode(&whole, input, size ? size : 1);
	decode(&bytes, input, 1);
	require((whole.end == CHUNKED_DONE) == (bytes.end == CHUNKED_DONE));
	require((whole.end == CHUNKED_BAD) == (bytes.end == CHUNKED_BAD));
	require(slice_eq(buf_peek(&whole.content), buf_peek(&bytes.content)));
	require(whole.request.trailers.count == bytes.request.trailers.count);
	require(whole.end == CHUNKED_BAD || whole.used == bytes.used);
	buf_fini(&whole.content);
	buf_fini(&bytes.content);
	arena_fini(&whole.request.arena);
	arena_fini(&bytes.request.arena);
	return 0;
}
