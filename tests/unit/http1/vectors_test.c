/*
 * vectors_test.c - every row of the vectors through parser, check and chunk decoder: whole, byte by
 * byte, and cut in two at every offset.
 */
#include "http/check.h"
#include "http1/check.h"
#include "http1/chunked.h"
#include "vectors.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the four above */
#include <cmocka.h>

/* One message on its way through the engine's pure parts. */
struct reader {
	struct request request;
	struct h1_parser parser;
	struct chunked chunked;
	struct http_fault fault;
	struct buf content;
	uint64_t left;
	size_t used; /* bytes of the input that are done with */
	bool in_content;
	bool complete;
	bool keep;
};

static void reader_init(struct reader *r)
{
	memset(r, 0, sizeof(*r));
	h1_parser_init(&r->parser, &vector_limits);
	chunked_init(&r->chunked, &vector_limits);
	buf_init(&r->content, 1 << 16);
}

static void reader_fini(struct reader *r)
{
	arena_fini(&r->request.arena);
	buf_fini(&r->content);
}

static void read_head(struct reader *r, struct slice input)
{
	switch (h1_parse_head(&r->parser, input, &r->request)) {
	case H1_NEED_MORE:
		return;
	case H1_BAD:
		r->fault = r->parser.fault;
		return;
	case H1_DONE:
		break;
	}
	r->used = r->parser.line;
	r->fault = h1_check(&r->request, &r->keep);
	r->request.terms = &vector_terms;
	if (!r->fault.status)
		r->fault = http_check_size(&r->request);
	r->in_content = true;
	r->left = r->request.content_length > 0 ? (uint64_t)r->request.content_length : 0;
	r->complete = r->request.content_length == 0;
}

static size_t keep(struct reader *r, struct slice bytes, uint64_t most)
{
	struct slice piece = slice_head(bytes, most);

	assert_int_equal(buf_append(&r->content, piece), OK);
	return piece.len;
}

static void read_sized(struct reader *r, struct slice rest)
{
	size_t n = keep(r, rest, r->left);

	r->left -= n;
	r->used += n;
	r->complete = r->left == 0;
}

/* False when more is needed or all is said. */
static bool read_chunked(struct reader *r, struct slice rest)
{
	size_t used = 0;
	enum chunked_result result = chunked_parse(&r->chunked, rest, &r->request, &used);

	r->used += used;
	if (result == CHUNKED_DATA) {
		size_t n = keep(r, slice_tail(rest, used), r->chunked.left);
		chunked_take(&r->chunked, n);
		r->used += n;
		return true;
	}
	if (result == CHUNKED_BAD)
		r->fault = (struct http_fault){ 400, r->chunked.reason };
	r->complete = result == CHUNKED_DONE;
	return false;
}

/* `input` is all that has come so far. */
static void feed(struct reader *r, struct slice input)
{
	if (!r->in_content && r->fault.status == 0)
		read_head(r, input);
	while (r->in_content && !r->complete && r->fault.status == 0 && r->used < input.len) {
		struct slice rest = slice_tail(input, r->used);
		if (r->request.content_length >= 0)
			read_sized(r, rest);
		else if (!read_chunked(r, rest))
			return;
	}
}

static void fail_row(const struct vector *v, size_t at, const char *what, const struct reader *r)
{
	print_error("cut at %zu: %s; status %d (%s), used %zu of %zu: \"%.*s\"\n", at, what,
	    r->fault.status, r->fault.reason ? r->fault.reason : "-", r->used, v->len, (int)v->len,
	    v->bytes);
	fail();
}

static void expect(const struct vector *v, size_t at, const struct reader *r)
{
	if (r->fault.status != v->status)
		fail_row(v, at, "wrong status", r);
	if (v->status && !strstr(r->fault.reason, v->section))
		fail_row(v, at, "wrong section", r);
	if (v->status)
		return;
	if (!r->complete || r->used != v->len)
		fail_row(v, at, "not one whole message", r);
	if (r->keep != v->keep)
		fail_row(v, at, "wrong persistence", r);
}

static void run_whole(const struct vector *v, struct reader *r)
{
	reader_init(r);
	feed(r, slice_of(v->bytes, v->len));
	expect(v, v->len, r);
}

static void run_bytes(const struct vector *v)
{
	struct reader r;

	reader_init(&r);
	for (size_t len = 1; len <= v->len && r.fault.status == 0 && !r.complete; len++)
		feed(&r, slice_of(v->bytes, len));
	expect(v, 1, &r);
	reader_fini(&r);
}

static bool same(const struct reader *a, const struct reader *b)
{
	return slice_eq(buf_peek(&a->content), buf_peek(&b->content)) &&
	       a->request.fields.count == b->request.fields.count &&
	       a->request.trailers.count == b->request.trailers.count &&
	       slice_eq(a->request.path, b->request.path) &&
	       slice_eq(a->request.host, b->request.host) && a->fault.reason == b->fault.reason;
}

/* The first part stands in memory of exactly its size, so that a sanitizer sees a look ahead; then
 * the bytes move, as in a buffer that grows. */
static void run_split(const struct vector *v, size_t at, const struct reader *whole)
{
	struct reader r;
	char *part = malloc(at);

	memcpy(part, v->bytes, at);
	reader_init(&r);
	feed(&r, slice_of(part, at));
	if (!r.in_content && r.fault.status == 0)
		h1_rebase(&r.request, (ptrdiff_t)((uintptr_t)v->bytes - (uintptr_t)part));
	feed(&r, slice_of(v->bytes, v->len));
	expect(v, at, &r);
	if (!same(&r, whole))
		fail_row(v, at, "differs from the whole", &r);
	reader_fini(&r);
	free(part);
}

static void run_vectors(const struct vectors *vectors)
{
	for (size_t i = 0; i < vectors->count; i++) {
		const struct vector *v = &vectors->list[i];
		struct reader whole;
		run_whole(v, &whole);
		run_bytes(v);
		for (size_t at = 1; at < v->len; at++)
			run_split(v, at, &whole);
		reader_fini(&whole);
	}
}

static void test_request_lines(void **state)
{
	(void)state;
	run_vectors(&request_line_vectors);
}

static void test_targets(void **state)
{
	(void)state;
	run_vectors(&target_vectors);
}

static void test_fields(void **state)
{
	(void)state;
	run_vectors(&field_vectors);
}

static void test_hosts(void **state)
{
	(void)state;
	run_vectors(&host_vectors);
}

static void test_persistence(void **state)
{
	(void)state;
	run_vectors(&persistence_vectors);
}

static void test_lengths(void **state)
{
	(void)state;
	run_vectors(&length_vectors);
}

static void test_codings(void **state)
{
	(void)state;
	run_vectors(&coding_vectors);
}

static void test_chunks(void **state)
{
	(void)state;
	run_vectors(&chunk_vectors);
}

static void test_there_are_enough(void **state)
{
	size_t count = 0;

	(void)state;
	for (const struct vectors *const *v = all_vectors; *v; v++)
		count += (*v)->count;
	assert_true(count >= 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_lines),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_persistence),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_there_are_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
