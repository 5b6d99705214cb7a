/* score_site_test.c - what an answer adds to, and the names that keep their places. */
#include "base/score_site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_answer(void **state)
{
	static struct score_site site;
	const struct score_answer answer = {
		.protocol = SCORE_HTTP_2,
		.status = 404,
		.duration_us = 700,
		.content_in = 3,
		.content_out = 50,
	};
	(void)state;
	score_site_count_answer(&site, &answer);
	score_site_count_answer(&site, &answer);
	assert_int_equal(site.requests[SCORE_HTTP_2][4], 2);
	assert_int_equal(site.durations[3], 2); /* 500 < 700 <= 1000 */
	assert_int_equal(site.duration_us, 1400);
	assert_int_equal(site.content_in, 6);
	assert_int_equal(site.content_out, 100);
}

/* A bound belongs to its bucket; beyond the last there is one more. */
static void test_buckets(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SCORE_BUCKETS; i++) {
		struct score_site site = { 0 };
		struct score_answer answer = { .status = 200, .duration_us = score_bucket_us[i] };
		score_site_count_answer(&site, &answer);
		assert_int_equal(site.durations[i], 1);
		answer.duration_us++;
		score_site_count_answer(&site, &answer);
		assert_int_equal(site.durations[i + 1], 1);
	}
}

/* What comes from elsewhere is never an index. */
static void test_odd_status(void **state)
{
	static const int odd[] = { 0, -1, 99, 600, 999 };
	struct score_site site = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		score_site_count_answer(&site, &(struct score_answer){ .status = odd[i] });
	assert_int_equal(site.requests[SCORE_HTTP_1_0][0], 5);
}

static void test_names(void **state)
{
	static struct score_names names;
	(void)state;
	assert_int_equal(score_names_count(&names), 1);
	assert_int_equal(score_names_find(&names, SLICE("a.example")), 0);
	assert_int_equal(score_names_add(&names, SLICE("a.example")), OK);
	assert_int_equal(score_names_add(&names, SLICE("b.example")), OK);
	assert_int_equal(score_names_add(&names, SLICE("a.example")), OK);
	assert_int_equal(score_names_count(&names), 3);
	assert_int_equal(score_names_find(&names, SLICE("a.example")), 1);
	assert_int_equal(score_names_find(&names, SLICE("b.example")), 2);
	assert_true(slice_eq(score_names_at(&names, 0), SLICE("other")));
	assert_true(slice_eq(score_names_at(&names, 2), SLICE("b.example")));
	assert_true(slice_eq(score_names_at(&names, 3), SLICE("other")));
}

static void test_full(void **state)
{
	static struct score_names names;
	char name[32], large[1000];
	(void)state;
	memset(large, 'x', sizeof(large));
	assert_int_equal(score_names_add(&names, slice_of(large, sizeof(large))), OK);
	assert_int_equal(score_names_find(&names, slice_of(large, sizeof(large))), 1);
	for (int i = 2; i < SCORE_SITES; i++) {
		int len = snprintf(name, sizeof(name), "site%d.example", i);
		assert_int_equal(score_names_add(&names, slice_of(name, (size_t)len)), OK);
	}
	assert_int_equal(score_names_count(&names), SCORE_SITES);
	assert_int_equal(score_names_add(&names, SLICE("one.more.example")), ERR_FULL);
	assert_int_equal(score_names_find(&names, SLICE("one.more.example")), 0);
	assert_int_equal(score_names_add(&names, SLICE("site5.example")), OK);
}

/* Memory that a process gone wrong has written to. */
static void test_nonsense(void **state)
{
	static struct score_names names;
	(void)state;
	names.count = UINT32_MAX;
	names.names[1].len = UINT32_MAX;
	assert_int_equal(score_names_count(&names), SCORE_SITES);
	assert_int_equal(score_names_at(&names, 1).len, SCORE_SITE_NAME);
	assert_int_equal(score_names_find(&names, SLICE("a.example")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_odd_status),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
