/*
 * fields_test.c - fields by number and name, lists, the bytes that may stand in them; methods and
 * statuses.
 */
#include "http/fields.h"

#include "http/method.h"
#include "http/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above */
#include <cmocka.h>

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void assert_slice(struct slice got, const char *expected)
{
	assert_int_equal(got.len, strlen(expected));
	assert_memory_equal(got.ptr, expected, got.len);
}

static void add(struct fields *f, const char *name, const char *value)
{
	fields_add(f, &arena, field_find_id(slice_str(name)), slice_str(name), slice_str(value));
}

static void test_known_names(void **state)
{
	static const struct {
		const char *name;
		enum field_id id;
	} rows[] = {
		{ "Accept", FIELD_ACCEPT },
		{ "Accept-Encoding", FIELD_ACCEPT_ENCODING },
		{ "Authorization", FIELD_AUTHORIZATION },
		{ "Cache-Control", FIELD_CACHE_CONTROL },
		{ "Connection", FIELD_CONNECTION },
		{ "Content-Encoding", FIELD_CONTENT_ENCODING },
		{ "Content-Length", FIELD_CONTENT_LENGTH },
		{ "Content-Range", FIELD_CONTENT_RANGE },
		{ "Content-Type", FIELD_CONTENT_TYPE },
		{ "Cookie", FIELD_COOKIE },
		{ "Date", FIELD_DATE },
		{ "Expect", FIELD_EXPECT },
		{ "HOST", FIELD_HOST },
		{ "If-Match", FIELD_IF_MATCH },
		{ "if-modified-since", FIELD_IF_MODIFIED_SINCE },
		{ "If-None-Match", FIELD_IF_NONE_MATCH },
		{ "If-Range", FIELD_IF_RANGE },
		{ "If-Unmodified-Since", FIELD_IF_UNMODIFIED_SINCE },
		{ "Keep-Alive", FIELD_KEEP_ALIVE },
		{ "Origin", FIELD_ORIGIN },
		{ "Range", FIELD_RANGE },
		{ "Referer", FIELD_REFERER },
		{ "Server", FIELD_SERVER },
		{ "te", FIELD_TE },
		{ "Trailer", FIELD_TRAILER },
		{ "Transfer-Encoding", FIELD_TRANSFER_ENCODING },
		{ "Upgrade", FIELD_UPGRADE },
		{ "User-Agent", FIELD_USER_AGENT },
		{ "X-Forwarded-For", FIELD_X_FORWARDED_FOR },
		{ "X-Request-Id", FIELD_X_REQUEST_ID },
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), FIELD_COUNT - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(field_find_id(slice_str(rows[i].name)), rows[i].id);
}

static void test_unknown_names(void **state)
{
	static const char *const names[] = { "", "H", "Hos", "Host2", "Content_Length",
		"Content-Lengti", "Transfer-Encodinh", "X-Content-Type-Options",
		"If-Unmodified-Sinc", "Dat\005", "A-Very-Long-Name-That-Nobody-Knows" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(field_find_id(slice_str(names[i])), FIELD_OTHER);
}

static void test_get(void **state)
{
	struct fields f = { 0 };

	(void)state;
	assert_null(fields_get(&f, FIELD_HOST).ptr);
	add(&f, "Host", "a");
	add(&f, "X-A", "b");
	add(&f, "Host", "c");
	assert_slice(fields_get(&f, FIELD_HOST), "a");
	assert_slice(fields_get_name(&f, SLICE("x-a")), "b");
	assert_null(fields_get_name(&f, SLICE("x-b")).ptr);
	assert_int_equal(fields_count(&f, FIELD_HOST), 2);
	assert_int_equal(fields_count(&f, FIELD_DATE), 0);
}

static void test_grows_from_borrowed_memory(void **state)
{
	struct field first[2];
	struct fields f = { .list = first, .cap = 2 };

	(void)state;
	for (int i = 0; i < 100; i++)
		add(&f, "Cookie", i % 2 ? "odd" : "even");
	assert_int_equal(f.count, 100);
	assert_slice(f.list[0].value, "even");
	assert_slice(f.list[99].value, "odd");
}

static void test_join(void **state)
{
	struct fields f = { 0 };
	struct slice one = SLICE("a, b");

	(void)state;
	assert_null(fields_join(&f, FIELD_ACCEPT, &arena).ptr);
	fields_add(&f, &arena, FIELD_ACCEPT, SLICE("Accept"), one);
	assert_ptr_equal(fields_join(&f, FIELD_ACCEPT, &arena).ptr, one.ptr);
	add(&f, "X-Other", "x");
	add(&f, "Accept", "c");
	add(&f, "accept", "d");
	assert_slice(fields_join(&f, FIELD_ACCEPT, &arena), "a, b, c, d");
}

static void test_tokens(void **state)
{
	struct fields f = { 0 };

	(void)state;
	add(&f, "Connection", "Keep-Alive, \"close\" , upgrade;q=1");
	add(&f, "X-Other", "close");
	assert_true(fields_has_token(&f, FIELD_CONNECTION, SLICE("keep-alive")));
	assert_true(fields_has_token(&f, FIELD_CONNECTION, SLICE("upgrade")));
	assert_false(fields_has_token(&f, FIELD_CONNECTION, SLICE("close")));
	assert_false(fields_has_token(&f, FIELD_CONNECTION, SLICE("keep")));
	add(&f, "Connection", ",CLOSE");
	assert_true(fields_has_token(&f, FIELD_CONNECTION, SLICE("close")));
	assert_false(fields_has_token(&f, FIELD_TE, SLICE("close")));
}

static void test_remove(void **state)
{
	struct fields f = { 0 };

	(void)state;
	add(&f, "Host", "a");
	add(&f, "X-A", "b");
	add(&f, "HOST", "c");
	add(&f, "Date", "d");
	fields_remove_name(&f, SLICE("host"));
	assert_int_equal(f.count, 2);
	assert_null(fields_get(&f, FIELD_HOST).ptr);
	assert_slice(fields_get(&f, FIELD_DATE), "d");
	assert_slice(fields_get_name(&f, SLICE("X-A")), "b");
}

static void test_lists(void **state)
{
	struct slice rest = SLICE(" a , ,\"b, \\\"c\" d;e=\",\",\t,f"), member;
	static const char *const expected[] = { "a", "\"b, \\\"c\" d;e=\",\"", "f" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(field_list_next(&rest, &member));
		assert_slice(member, expected[i]);
	}
	assert_false(field_list_next(&rest, &member));
	rest = SLICE("\"open, \\");
	assert_true(field_list_next(&rest, &member));
	assert_slice(member, "\"open, \\");
	assert_false(field_list_next(&rest, &member));
}

/* Each byte in a name, and in a value at every place of a word of eight. */
static void test_every_byte(void **state)
{
	static const char tokens[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char value[24];

	(void)state;
	for (int c = 0; c < 256; c++) {
		char name[3] = { 'a', (char)c, 'a' };
		bool is_token = c != 0 && strchr(tokens, c) != NULL;
		bool is_value = c == '\t' || (c >= 0x20 && c != 0x7f);
		assert_int_equal(field_name_valid(slice_of(name, 3)), is_token);
		for (size_t at = 0; at < sizeof(value); at++) {
			memset(value, 'v', sizeof(value));
			value[at] = (char)c;
			assert_int_equal(
			    field_value_valid(slice_of(value, sizeof(value))), is_value);
		}
	}
	assert_false(field_name_valid(SLICE("")));
	assert_true(field_value_valid(SLICE("")));
}

static void test_methods(void **state)
{
	(void)state;
	for (enum http_method m = METHOD_GET; m <= METHOD_TRACE; m++)
		assert_int_equal(method_find(slice_str(method_name(m))), m);
	assert_int_equal(method_find(SLICE("get")), METHOD_OTHER);
	assert_int_equal(method_find(SLICE("GETS")), METHOD_OTHER);
	assert_int_equal(method_find(SLICE("-")), METHOD_OTHER);
	assert_string_equal(method_name(METHOD_OTHER), "-");
}

static void test_statuses(void **state)
{
	(void)state;
	assert_string_equal(status_reason(200), "OK");
	assert_string_equal(status_reason(404), "Not Found");
	assert_string_equal(status_reason(511), "Network Authentication Required");
	assert_string_equal(status_reason(299), "Unknown");
	assert_string_equal(status_reason(-1), "Unknown");
	assert_string_equal(status_reason(1000), "Unknown");
	assert_false(status_has_content(103));
	assert_false(status_has_content(204));
	assert_false(status_has_content(304));
	assert_true(status_has_content(200));
	assert_true(status_has_content(404));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_names),
		cmocka_unit_test(test_unknown_names),
		cmocka_unit_test_teardown(test_get, teardown),
		cmocka_unit_test_teardown(test_grows_from_borrowed_memory, teardown),
		cmocka_unit_test_teardown(test_join, teardown),
		cmocka_unit_test_teardown(test_tokens, teardown),
		cmocka_unit_test_teardown(test_remove, teardown),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
