/* throttle_test.c - how soon a dead worker is replaced. */
#include "process/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct throttle_life at_start = { .ready = false, .age_ms = 5 };
static const struct throttle_life first_job = { .ready = true, .age_ms = 50, .requests = 1 };
static const struct throttle_life old = { .ready = true, .age_ms = 1000 };
static const struct throttle_life busy = { .ready = true, .age_ms = 50, .requests = 100 };
static const struct throttle_life slow_start = { .ready = false, .age_ms = 9000, .requests = 500 };

static void test_delays_double_up_to_the_last(void **state)
{
	(void)state;
	static const unsigned wanted[] = { 0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600,
		30000, 30000 };
	struct throttle t = { 0 };
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_int_equal(throttle_death(&t, &at_start), wanted[i]);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(throttle_death(&t, &at_start), 30000);
}

static void test_who_has_proved_itself(void **state)
{
	(void)state;
	static const struct {
		const struct throttle_life *life;
		bool proved;
	} cases[] = {
		{ &at_start, false },
		{ &first_job, false },
		{ &slow_start, false }, /* it never served: the numbers are its predecessor's */
		{ &old, true },
		{ &busy, true },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct throttle t = { .failures = 5 };
		unsigned delay_ms = throttle_death(&t, cases[i].life);
		assert_int_equal(delay_ms, cases[i].proved ? 0 : 1600);
		assert_int_equal(t.failures, cases[i].proved ? 0 : 6);
	}
}

static void test_a_good_life_starts_anew(void **state)
{
	(void)state;
	struct throttle t = { 0 };
	for (int i = 0; i < 5; i++)
		throttle_death(&t, &first_job);
	assert_int_equal(throttle_death(&t, &old), 0);
	assert_int_equal(throttle_death(&t, &first_job), 0);
	assert_int_equal(throttle_death(&t, &first_job), 100);
}

static void test_a_failed_fork_always_waits(void **state)
{
	(void)state;
	struct throttle t = { 0 };
	assert_int_equal(throttle_failure(&t), 100);
	assert_int_equal(throttle_failure(&t), 200);
	assert_int_equal(throttle_death(&t, &old), 0);
	assert_int_equal(throttle_failure(&t), 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delays_double_up_to_the_last),
		cmocka_unit_test(test_who_has_proved_itself),
		cmocka_unit_test(test_a_good_life_starts_anew),
		cmocka_unit_test(test_a_failed_fork_always_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
