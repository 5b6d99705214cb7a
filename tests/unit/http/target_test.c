/*
 * target_test.c - request targets and hosts in their canonical form. What is refused, and why, is
 * in http1/vectors_target.c.
 */
#include "http/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

struct row {
	const char *text;
	const char *path;
	const char *query; /* NULL: none */
};

static const struct row targets[] = {
	{ "/", "/", NULL },
	{ "/a/b", "/a/b", NULL },
	{ "/a?", "/a", "" },
	{ "/a?b=/../%41", "/a", "b=/../%41" },
	{ "/?", "/", "" },
	{ "/%41%62", "/Ab", NULL },
	{ "/%c3%a9", "/\303\251", NULL },
	{ "/a%20b%25", "/a b%", NULL },
	{ "/a%3fb?c", "/a?b", "c" },
	{ "/%2541", "/%41", NULL }, /* decoded once */
	{ "/%252e%252e/a", "/%2e%2e/a", NULL },
	{ "/.", "/", NULL },
	{ "/./", "/", NULL },
	{ "/.?a", "/", "a" },
	{ "/a/.", "/a/", NULL },
	{ "/a/..", "/", NULL },
	{ "/a/../", "/", NULL },
	{ "/a/..?b", "/", "b" },
	{ "/a/b/..", "/a/", NULL },
	{ "/a/b/../c", "/a/c", NULL },
	{ "/a/b/../../c", "/c", NULL },
	{ "/a/./b/./c", "/a/b/c", NULL },
	{ "/a/%2e%2E/b", "/b", NULL },
	{ "/a/%2e/b", "/a/b", NULL },
	{ "/a/.%2e/b/%2e./c", "/c", NULL },
	{ "//", "/", NULL },
	{ "//a///b//", "/a/b/", NULL },
	{ "/a//../b", "/b", NULL },
	{ "/...", "/...", NULL },
	{ "/.a/..b/c./d..", "/.a/..b/c./d..", NULL },
	{ "/.well-known/x", "/.well-known/x", NULL },
	{ "/a;b=c,d:e@f!$&'()*+~_-", "/a;b=c,d:e@f!$&'()*+~_-", NULL },
};

static void assert_slice(struct slice got, const char *expected)
{
	assert_int_equal(got.len, strlen(expected));
	assert_memory_equal(got.ptr, expected, got.len);
}

static void test_origin_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		const struct row *row = &targets[i];
		struct arena a = { 0 };
		struct target t;
		const char *reason = NULL;
		assert_int_equal(
		    target_parse(slice_str(row->text), METHOD_GET, &a, &t, &reason), OK);
		assert_slice(t.path, row->path);
		assert_int_equal(t.query.ptr != NULL, row->query != NULL);
		if (row->query)
			assert_slice(t.query, row->query);
		assert_null(t.authority.ptr);
		arena_fini(&a);
	}
}

static void test_canonical_is_not_copied(void **state)
{
	struct slice text = SLICE("/a/.b/c?d=%20");
	struct arena a = { 0 };
	struct target t;
	const char *reason = NULL;

	(void)state;
	assert_int_equal(target_parse(text, METHOD_GET, &a, &t, &reason), OK);
	assert_ptr_equal(t.path.ptr, text.ptr);
	assert_null(a.blocks);
}

static void test_absolute_form(void **state)
{
	static const struct {
		const char *text, *authority, *path, *query;
		bool secure;
	} rows[] = {
		{ "http://example.org/a?b", "example.org", "/a", "b", false },
		{ "HTTPS://u.example:443/%41", "u.example:443", "/A", NULL, true },
		{ "http://a", "a", "/", NULL, false },
		{ "http://a?b", "a", "/", "b", false },
		{ "http://[::1]:80//a/../b", "[::1]:80", "/b", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = { 0 };
		struct target t;
		const char *reason = NULL;
		assert_int_equal(
		    target_parse(slice_str(rows[i].text), METHOD_GET, &a, &t, &reason), OK);
		assert_slice(t.authority, rows[i].authority);
		assert_slice(t.path, rows[i].path);
		assert_int_equal(t.query.ptr != NULL, rows[i].query != NULL);
		assert_int_equal(t.secure, rows[i].secure);
		arena_fini(&a);
	}
}

static void test_options(void **state)
{
	static const struct row rows[] = {
		{ "*", "*", NULL },
		{ "/", "/", NULL },
		{ "http://a", "*", NULL },
		{ "http://a/", "/", NULL },
		{ "http://a?b", "/", "b" },
	};
	struct target t;
	const char *reason = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    target_parse(slice_str(rows[i].text), METHOD_OPTIONS, NULL, &t, &reason), OK);
		assert_slice(t.path, rows[i].path);
	}
}

static void test_encode(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_slice(target_encode(SLICE("/a/b"), &a), "/a/b");
	assert_slice(target_encode(SLICE("/a b%?#[]\"<>\303\251\r\n"), &a),
	    "/a%20b%25%3F%23%5B%5D%22%3C%3E%C3%A9%0D%0A");
	assert_slice(target_encode(SLICE("/:@!$&'()*+,;=-._~"), &a), "/:@!$&'()*+,;=-._~");
	arena_fini(&a);
}

static void test_hosts(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
	} rows[] = {
		{ "example.org", "example.org", 0 },
		{ "EXAMPLE.Org", "example.org", 0 },
		{ "example.org.", "example.org", 0 },
		{ "EXAMPLE.org.:8080", "example.org", 8080 },
		{ "example.org:", "example.org", 0 },
		{ "example.org:00080", "example.org", 80 },
		{ "a", "a", 0 },
		{ "a_b-c~1.example", "a_b-c~1.example", 0 },
		{ "192.0.2.1:80", "192.0.2.1", 80 },
		{ "[::1]", "[::1]", 0 },
		{ "[0:0:0:0:0:0:0:1]:443", "[::1]", 443 },
		{ "[2001:DB8:0:0:1::]", "[2001:db8:0:0:1::]", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = { 0 };
		struct slice host;
		unsigned port = 1;
		assert_int_equal(host_parse(slice_str(rows[i].text), &a, &host, &port), OK);
		assert_slice(host, rows[i].host);
		assert_int_equal(port, rows[i].port);
		arena_fini(&a);
	}
}

/* A NUL in a literal must not hide what stands behind it. */
static void test_host_with_nul(void **state)
{
	struct arena a = { 0 };
	struct slice host;
	unsigned port;

	(void)state;
	assert_int_equal(host_parse(SLICE("[::1\0.example]"), &a, &host, &port), ERR_SYNTAX);
	assert_int_equal(host_parse(SLICE("a\0b"), &a, &host, &port), ERR_SYNTAX);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origin_form),
		cmocka_unit_test(test_canonical_is_not_copied),
		cmocka_unit_test(test_absolute_form),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_host_with_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
