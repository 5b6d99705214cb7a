/*
 * request.c - fuzz target: the head of a request, parsed whole and byte by byte. Both have to come
 * to the same result, and what is accepted has to be as strict as it claims.
 */
#include "http1/check.h"

#include <stdint.h>
#include <stdlib.h>

/* Small, so that inputs of a few hundred bytes reach them. */
static const struct http_limits limits = { .uri = 128, .header_size = 512, .headers = 16 };

struct result {
	struct request request;
	struct h1_parser parser;
	enum h1_parse end;
	struct http_fault fault;
	bool keep;
};

static void parse(struct result *out, struct slice input, size_t step)
{
	memset(out, 0, sizeof(*out));
	h1_parser_init(&out->parser, &limits);
	for (size_t len = step < input.len ? step : input.len;; len += step) {
		out->end = h1_parse_head(&out->parser, slice_head(input, len), &out->request);
		if (out->end != H1_NEED_MORE || len >= input.len)
			break;
	}
	out->fault = out->parser.fault;
	if (out->end == H1_DONE)
		out->fault = h1_check(&out->request, &out->keep);
}

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_strict(const struct request *r)
{
	require(r->path.len > 0 && (r->path.ptr[0] == '/' || slice_eq(r->path, SLICE("*"))));
	require(memchr(r->path.ptr, 0, r->path.len) == NULL);
	require(memmem(r->path.ptr, r->path.len, "/../", 4) == NULL);
	require(memmem(r->path.ptr, r->path.len, "//", 2) == NULL);
	require(r->host.len > 0 || r->version == HTTP_1_0);
	require(fields_count(&r->fields, FIELD_HOST) <= 1);
	require(r->content_length >= 0 || r->version == HTTP_1_1);
	for (unsigned i = 0; i < r->fields.count; i++) {
		require(field_name_valid(r->fields.list[i].name));
		require(field_value_valid(r->fields.list[i].value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct result whole, bytes;

	parse(&whole, input, size ? size : 1);
	parse(&bytes, input, 1);
	require(whole.end == bytes.end && whole.fault.status == bytes.fault.status);
	require(whole.fault.reason == bytes.fault.reason && whole.keep == bytes.keep);
	require(whole.parser.line == bytes.parser.line || whole.end == H1_BAD);
	require(whole.request.content_length == bytes.request.content_length);
	require(slice_eq(whole.request.path, bytes.request.path));
	if (whole.end == H1_DONE && whole.fault.status == 0)
		require_strict(&whole.request);
	arena_fini(&whole.request.arena);
	arena_fini(&bytes.request.arena);
	return 0;
}
