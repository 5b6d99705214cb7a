/* wheel_test.c - the timer wheel against a plain list of due times, with a clock made by the test.
 */
#include "event/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TICK_MS = 1 << WHEEL_TICK_SHIFT };

struct probe {
	struct timer timer;
	int fired;
	uint64_t fired_ms;
};

static struct wheel wheel;
static uint64_t now_ms;

static void on_due(struct timer *t)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);
	p->fired++;
	p->fired_ms = now_ms;
}

static int set_up(void **state)
{
	(void)state;
	now_ms = 123456789;
	wheel_init(&wheel, now_ms);
	return 0;
}

static void set(struct probe *p, uint64_t due_ms)
{
	p->timer.on_due = on_due;
	wheel_set(&wheel, &p->timer, due_ms, now_ms);
}

/* As the loop does: sleeps until the wheel wants to be run. Returns the number of wake-ups. */
static int run_until(uint64_t end_ms)
{
	int wakes = 0;
	for (;;) {
		uint64_t next = wheel_next_ms(&wheel);
		if (next > end_ms)
			break;
		assert_true(next > now_ms);
		now_ms = next;
		wheel_run(&wheel, now_ms);
		wakes++;
	}
	now_ms = end_ms;
	wheel_run(&wheel, now_ms);
	return wakes;
}

/* From the next tick to beyond the wheel's range: on time, once, and few wake-ups. */
static void test_delays(void **state)
{
	static const uint64_t delays[] = { 0, 1, 7, 8, 9, 100, 511, 512, 513, 5000, 32767, 32768,
		60000, 3600000, 86400000, UINT64_C(30) * 86400000, UINT64_C(4000) * 86400000 };
	(void)state;
	for (size_t i = 0; i < COUNT(delays); i++) {
		struct probe p = { 0 };
		uint64_t due = now_ms + delays[i];
		set(&p, due);
		int wakes = run_until(due + TICK_MS);
		assert_int_equal(p.fired, 1);
		assert_true(p.fired_ms >= due && p.fired_ms <= due + TICK_MS);
		assert_true(wakes <= WHEEL_LEVELS);
		assert_int_equal(p.timer.due_ms, 0);
		assert_true(wheel_next_ms(&wheel) == UINT64_MAX);
	}
}

static void test_past_is_due_next(void **state)
{
	struct probe p = { 0 };
	(void)state;
	set(&p, 1);
	wheel_run(&wheel, now_ms);
	assert_int_equal(p.fired, 0);
	assert_true(wheel_next_ms(&wheel) <= now_ms + TICK_MS);
	run_until(now_ms + TICK_MS);
	assert_int_equal(p.fired, 1);
}

static void test_beyond_range(void **state)
{
	struct probe p = { 0 }, q = { 0 };
	(void)state;
	set(&p, UINT64_MAX);
	set(&q, UINT64_C(1) << 60);
	run_until(now_ms + 100000);
	assert_int_equal(p.fired, 0);
	wheel_clear(&p.timer);
	wheel_clear(&q.timer);
	assert_true(wheel_next_ms(&wheel) == UINT64_MAX);
}

static void test_clear(void **state)
{
	struct probe p = { 0 };
	(void)state;
	wheel_clear(&p.timer);
	set(&p, now_ms + 100);
	wheel_clear(&p.timer);
	wheel_clear(&p.timer);
	assert_int_equal(p.timer.due_ms, 0);
	assert_true(wheel_next_ms(&wheel) == UINT64_MAX);
	set(&p, now_ms + 200);
	run_until(now_ms + 300);
	assert_int_equal(p.fired, 1);
}

/* Moved at each request, it costs one look in the length of the first time-out. */
static void test_moving_later(void **state)
{
	struct probe p = { 0 };
	int wakes = 0;
	(void)state;
	for (int i = 0; i < 1000; i++) {
		set(&p, now_ms + 60000);
		wakes += run_until(now_ms + 100);
	}
	assert_int_equal(p.fired, 0);
	assert_true(wakes <= 2 * WHEEL_LEVELS);
	uint64_t due = p.timer.due_ms;
	run_until(due + TICK_MS);
	assert_int_equal(p.fired, 1);
	assert_true(p.fired_ms >= due);
}

static void test_moving_earlier(void **state)
{
	struct probe p = { 0 };
	(void)state;
	set(&p, now_ms + 60000);
	set(&p, now_ms + 90000); /* stands at 60 s still */
	set(&p, now_ms + 70000);
	set(&p, now_ms + 1000);
	uint64_t due = now_ms + 1000;
	run_until(due + TICK_MS);
	assert_int_equal(p.fired, 1);
	run_until(now_ms + 200000);
	assert_int_equal(p.fired, 1);
}

/* Long asleep (a stopped process): all that is due runs at once, each once. */
static void test_jump(void **state)
{
	static struct probe probes[500];
	(void)state;
	memset(probes, 0, sizeof(probes));
	for (int i = 0; i < 500; i++)
		set(&probes[i], now_ms + 1 + (uint64_t)i * 997);
	now_ms += 1000000;
	wheel_run(&wheel, now_ms);
	for (int i = 0; i < 500; i++)
		assert_int_equal(probes[i].fired, 1);
}

static struct probe *victim, *partner;

static void on_due_clear(struct timer *t)
{
	on_due(t);
	wheel_clear(&victim->timer);
	victim->timer.node = (struct list){ 0 }; /* as if it were freed */
	wheel_set(&wheel, &partner->timer, now_ms + 1000, now_ms);
	wheel_set(&wheel, t, now_ms, now_ms);
}

/* A callback clears, moves and sets timers that are due in the same slot, its own too. */
static void test_callback_changes(void **state)
{
	struct probe a = { 0 }, b = { 0 }, c = { 0 };
	(void)state;
	victim = &b;
	partner = &c;
	set(&a, now_ms + 50);
	set(&b, now_ms + 50);
	set(&c, now_ms + 50);
	a.timer.on_due = on_due_clear;
	uint64_t start = now_ms;
	now_ms += 60;
	wheel_run(&wheel, now_ms);
	assert_int_equal(a.fired, 1);
	assert_int_equal(b.fired, 0);
	assert_int_equal(c.fired, 0);
	a.timer.on_due = on_due;
	run_until(start + 60 + TICK_MS);
	assert_int_equal(a.fired, 2);
	assert_int_equal(c.fired, 0);
	run_until(start + 60 + 1000 + TICK_MS);
	assert_int_equal(c.fired, 1);
}

static void on_due_free(struct timer *t)
{
	free(CONTAINER_OF(t, struct probe, timer));
}

static void test_freed_in_callback(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct probe *p = calloc(1, sizeof(*p));
		set(p, now_ms + 20);
		p->timer.on_due = on_due_free;
	}
	run_until(now_ms + 100);
	assert_true(wheel_next_ms(&wheel) == UINT64_MAX);
}

/* Random sets, moves and clears; each due time is met within a tick of the next run. */
static void test_random(void **state)
{
	static struct probe probes[200];
	uint64_t due[200] = { 0 };
	(void)state;
	memset(probes, 0, sizeof(probes));
	srand(7);
	for (int step = 0; step < 20000; step++) {
		int i = rand() % 200;
		if (rand() % 4 == 0) {
			wheel_clear(&probes[i].timer);
			due[i] = 0;
		} else {
			due[i] = now_ms + (uint64_t)(rand() % (1 << (rand() % 20)));
			set(&probes[i], due[i]);
		}
		run_until(now_ms + (uint64_t)(rand() % (1 << (rand() % 12))));
		for (i = 0; i < 200; i++) {
			bool must = due[i] && due[i] + 2 * TICK_MS <= now_ms;
			bool may = due[i] && due[i] <= now_ms;
			assert_true(probes[i].fired <= may && probes[i].fired >= must);
			assert_true(!probes[i].fired || probes[i].fired_ms >= due[i]);
			due[i] = probes[i].fired ? 0 : due[i];
			probes[i].fired = 0;
			assert_int_equal(probes[i].timer.due_ms, due[i]);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		TEST(test_delays),
		TEST(test_past_is_due_next),
		TEST(test_beyond_range),
		TEST(test_clear),
		TEST(test_moving_later),
		TEST(test_moving_earlier),
		TEST(test_jump),
		TEST(test_callback_changes),
		TEST(test_freed_in_callback),
		TEST(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
