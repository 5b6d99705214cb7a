/*
 * cache_control_test.c - directives, their values, and what is made of those that are malformed.
 */
#include "http/cache_control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

static struct cache_control read_lines(const char *first, const char *second)
{
	struct arena a = { 0 };
	struct fields f = { 0 };

	fields_add(&f, &a, FIELD_CACHE_CONTROL, SLICE("Cache-Control"), slice_str(first));
	if (second)
		fields_add(&f, &a, FIELD_CACHE_CONTROL, SLICE("Cache-Control"), slice_str(second));
	struct cache_control c = cache_control_read(&f);
	arena_fini(&a);
	return c;
}

static void test_none(void **state)
{
	struct fields none = { 0 };
	struct cache_control c = cache_control_read(&none);

	(void)state;
	assert_false(c.given || c.no_store || c.no_cache || c.is_private || c.is_public ||
		     c.must_revalidate || c.only_if_cached);
	assert_int_equal(c.max_age, -1);
	assert_int_equal(c.s_maxage, -1);
	assert_int_equal(c.max_stale, -1);
	assert_int_equal(c.min_fresh, -1);
	assert_int_equal(c.stale_while_revalidate, -1);
	assert_int_equal(c.stale_if_error, -1);
}

static void test_flags(void **state)
{
	struct cache_control c = read_lines(
	    "No-Store , no-cache=\"a, b\",private=x", "proxy-revalidate,,only-if-cached");

	(void)state;
	assert_true(c.given && c.no_store && c.no_cache && c.is_private && c.must_revalidate &&
		    c.only_if_cached);
	assert_false(c.is_public);
	assert_true(read_lines("public", NULL).is_public);
	assert_true(read_lines("must-revalidate", NULL).must_revalidate);
	/* Inside of a quoted string nothing is a directive. */
	assert_false(read_lines("x=\"no-store, public\"", NULL).no_store);
}

static void test_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t max_age;
	} rows[] = {
		{ "max-age=0", 0 },
		{ "max-age=3600", 3600 },
		{ "max-age=\"3600\"", 3600 },
		{ "Max-Age = 3600", 3600 },
		{ "max-age=99999999999999999999", CACHE_SECONDS_MAX },
		{ "max-age", 0 },
		{ "max-age=", 0 },
		{ "max-age=-1", 0 },
		{ "max-age=1.5", 0 },
		{ "max-age=1h", 0 },
		{ "max-age=10, max-age=5", 5 },
		{ "max-ages=10", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(read_lines(rows[i].text, NULL).max_age, rows[i].max_age);
	struct cache_control c = read_lines(
	    "s-maxage=1, min-fresh=2, max-stale=3", "stale-while-revalidate=4, stale-if-error=5");
	assert_int_equal(c.s_maxage, 1);
	assert_int_equal(c.min_fresh, 2);
	assert_int_equal(c.max_stale, 3);
	assert_int_equal(c.stale_while_revalidate, 4);
	assert_int_equal(c.stale_if_error, 5);
	assert_int_equal(read_lines("max-stale", NULL).max_stale, CACHE_SECONDS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
