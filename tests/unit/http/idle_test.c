/*
 * idle_test.c - the figures of the adaptive idle time-out, and the pace of a slow peer.
 */
#include "http/idle.h"
#include "http/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above */
#include <cmocka.h>

static void test_thirty_seconds_over_ten(void **state)
{
	(void)state;
	assert_int_equal(idle_timeout_ms(30000, 10, 0), 31000);
	assert_int_equal(idle_timeout_ms(30000, 10, 1), 28000);
	assert_int_equal(idle_timeout_ms(30000, 10, 5), 16000);
	assert_int_equal(idle_timeout_ms(30000, 10, 10), 1000);
}

static void test_never_below_a_second(void **state)
{
	(void)state;
	assert_int_equal(idle_timeout_ms(30000, 10, 11), 1000);
	assert_int_equal(idle_timeout_ms(30000, 10, 4000000000u), 1000);
	assert_int_equal(idle_timeout_ms(0, 10, 0), 1000);
}

/* Integers would lose 5000 times 0.5 ms here. */
static void test_small_shares_count(void **state)
{
	(void)state;
	assert_int_equal(idle_timeout_ms(5000, 10000, 5000), 3500);
	assert_int_equal(idle_timeout_ms(60000, 10000, 1), 60994);
	assert_int_equal(idle_timeout_ms(1000, 3, 1), 1667);
	assert_int_equal(idle_timeout_ms(30000, 0, 5), 31000);
}

static void test_pace_without_bytes(void **state)
{
	struct pace p;

	(void)state;
	pace_start(&p, 100, (struct pace_rule){ 10000, 500 });
	assert_int_equal(p.due_ms, 10100);
}

/* A byte every 9 seconds. */
static void test_pace_of_drops(void **state)
{
	const struct pace_rule rule = { 10000, 500 };
	struct pace p;

	(void)state;
	pace_start(&p, 0, rule);
	pace_moved(&p, 9000, 1, rule);
	assert_int_equal(p.due_ms, 10002);
}

static void test_pace_of_a_fair_peer(void **state)
{
	const struct pace_rule rule = { 10000, 500 };
	struct pace p;

	(void)state;
	pace_start(&p, 0, rule);
	for (uint64_t now = 1000; now <= 100000; now += 1000)
		pace_moved(&p, now, 500, rule);
	assert_int_equal(p.due_ms, 110000);
	/* Speed is not saved up for more than the time-out. */
	pace_moved(&p, 101000, UINT64_MAX, rule);
	assert_int_equal(p.due_ms, 111000);
}

static void test_pace_just_too_slow(void **state)
{
	const struct pace_rule rule = { 10000, 500 };
	struct pace p;
	uint64_t now = 0;

	(void)state;
	pace_start(&p, 0, rule);
	do {
		now += 1000;
		pace_moved(&p, now, 400, rule);
	} while (p.due_ms > now && now < 1000000);
	assert_in_range(now, 45000, 55000); /* 10 s, used up at 0.2 a second */
}

static void test_pace_without_a_rate(void **state)
{
	const struct pace_rule rule = { 10000, 0 };
	struct pace p;

	(void)state;
	pace_start(&p, 0, rule);
	pace_moved(&p, 9000, 1, rule);
	assert_int_equal(p.due_ms, 19000);
}

static void test_pace_stands_still(void **state)
{
	const struct pace_rule rule = { 10000, 500 };
	struct pace p;

	(void)state;
	pace_start(&p, 0, rule);
	pace_pause(&p, 4000);
	pace_resume(&p, 60000);
	assert_int_equal(p.due_ms, 66000);
	pace_pause(&p, 70000);
	assert_int_equal(p.due_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thirty_seconds_over_ten),
		cmocka_unit_test(test_never_below_a_second),
		cmocka_unit_test(test_small_shares_count),
		cmocka_unit_test(test_pace_without_bytes),
		cmocka_unit_test(test_pace_of_drops),
		cmocka_unit_test(test_pace_of_a_fair_peer),
		cmocka_unit_test(test_pace_just_too_slow),
		cmocka_unit_test(test_pace_without_a_rate),
		cmocka_unit_test(test_pace_stands_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
