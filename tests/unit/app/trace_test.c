/*
 * trace_test.c - names of requests, and what is a traceparent.
 */
#include "app/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

/* A request that has reached its site. */
struct asked {
	struct request r;
	struct exchange x;
};

static void ask(struct asked *a)
{
	*a = (struct asked){ 0 };
	a->r.app_state = &a->x;
}

static void add(struct asked *a, const char *name, const char *value)
{
	struct slice n = slice_str(name);
	fields_add(&a->r.fields, &a->r.arena, field_find_id(n), n, slice_str(value));
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void test_made(void **state)
{
	enum { MANY = 20000 };
	static char ids[MANY][16];
	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		struct asked a;
		ask(&a);
		struct slice id = exchange_id(&a.r);
		assert_int_equal(id.len, 16);
		assert_ptr_equal(exchange_id(&a.r).ptr, id.ptr);
		memcpy(ids[i], id.ptr, 16);
		for (size_t k = 0; k < 16; k++)
			assert_non_null(strchr("0123456789abcdef", id.ptr[k]));
	}
	qsort(ids, MANY, sizeof(ids[0]), compare_ids);
	for (size_t i = 1; i < MANY; i++)
		assert_int_not_equal(memcmp(ids[i - 1], ids[i], 16), 0);
	struct request none = { 0 }; /* refused before it was anybody's */
	assert_null(exchange_id(&none).ptr);
	assert_null(exchange_traceparent(&none).ptr);
}

static void test_taken(void **state)
{
	static char long_id[130];
	static const char *const good[] = { "x", "0b0f0e7e-7f1c-4b9f-9a44-5b1d0ad7a6cb",
		"aGVsbG8gd29ybGQ=", "a+b/c==", "urn:uuid:f81d4fae", "Root=1-67891233-abcdef",
		"A.b~c_d@e" };
	static const char *const bad[] = { "", "a b", "a\"b", "a\\b", "<x>", "a;b", "a,b",
		"\xc3\xa4", "a\x7f", "$(id)", "a%0ab", "'" };
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct asked a;
		ask(&a);
		assert_int_equal(exchange_take_id(&a.r, slice_str(good[i])), OK);
		assert_true(slice_eq(exchange_id(&a.r), slice_str(good[i])));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct asked a;
		ask(&a);
		assert_int_equal(exchange_take_id(&a.r, slice_str(bad[i])), ERR_SYNTAX);
		assert_int_equal(exchange_id(&a.r).len, 16);
	}
	struct asked a;
	ask(&a);
	memset(long_id, 'a', 129);
	assert_int_equal(exchange_take_id(&a.r, slice_of(long_id, 128)), OK);
	assert_int_equal(exchange_take_id(&a.r, slice_of(long_id, 129)), ERR_SYNTAX);
	assert_int_equal(exchange_take_id(&a.r, slice_of("a\0b", 3)), ERR_SYNTAX);
}

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void test_valid(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ "00-" TRACE "-" PARENT "-01", true },
		{ "00-" TRACE "-" PARENT "-00", true },
		{ "00-" TRACE "-" PARENT "-ff", true },
		{ "cc-" TRACE "-" PARENT "-01", true },
		{ "cc-" TRACE "-" PARENT "-01-what-will-the-future-bring", true },
		{ "cc-" TRACE "-" PARENT "-01-", true },
		{ "cc-" TRACE "-" PARENT "-01.what", false },
		{ "00-" TRACE "-" PARENT "-01-more", false },
		{ "00-" TRACE "-" PARENT "-01-", false },
		{ "ff-" TRACE "-" PARENT "-01", false },
		{ "0-" TRACE "-" PARENT "-01", false },
		{ "0x-" TRACE "-" PARENT "-01", false },
		{ "00-00000000000000000000000000000000-" PARENT "-01", false },
		{ "00-" TRACE "-0000000000000000-01", false },
		{ "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", false },
		{ "00-" TRACE "-00F067AA0BA902B7-01", false },
		{ "00-" TRACE "-" PARENT "-0A", false },
		{ "00-" TRACE "-" PARENT "-1", false },
		{ "00-" TRACE "-" PARENT, false },
		{ "00_" TRACE "-" PARENT "-01", false },
		{ "00-" TRACE "_" PARENT "-01", false },
		{ "00-" TRACE "-" PARENT "_01", false },
		{ "00-.bf92f3577b34da6a3ce929d0e0e4736-" PARENT "-01", false },
		{ "", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (traceparent_valid(slice_str(rows[i].text)) != rows[i].valid)
			fail_msg("%s", rows[i].text);
}

static void test_found(void **state)
{
	struct asked a;
	(void)state;
	ask(&a);
	add(&a, "TraceParent", "00-" TRACE "-" PARENT "-01");
	assert_true(slice_eq(exchange_trace_id(&a.r), SLICE(TRACE)));
	assert_true(slice_eq(exchange_traceparent(&a.r), SLICE("00-" TRACE "-" PARENT "-01")));
	exchange_begin_trace(&a.r); /* there is one */
	assert_true(slice_eq(exchange_trace_id(&a.r), SLICE(TRACE)));
	arena_fini(&a.r.arena);

	ask(&a); /* nobody knows which of two */
	add(&a, "traceparent", "00-" TRACE "-" PARENT "-01");
	add(&a, "traceparent", "00-" TRACE "-" PARENT "-01");
	assert_null(exchange_traceparent(&a.r).ptr);
	assert_null(exchange_trace_id(&a.r).ptr);
	arena_fini(&a.r.arena);
}

static void test_begun(void **state)
{
	struct asked a, b;
	(void)state;
	ask(&a);
	ask(&b);
	add(&a, "traceparent", "00-wrong");
	exchange_begin_trace(&a.r);
	exchange_begin_trace(&b.r);
	assert_true(traceparent_valid(exchange_traceparent(&a.r)));
	assert_true(slice_ends(exchange_traceparent(&a.r), SLICE("-01")));
	assert_false(slice_eq(exchange_trace_id(&a.r), exchange_trace_id(&b.r)));
	arena_fini(&a.r.arena);
	arena_fini(&b.r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
