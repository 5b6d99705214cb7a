/* stats_test.c - sums over workers that live and those that have died, and what is derived. */
#include "app/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct scoreboard *board;
static struct arena arena;
static struct stats stats;

static int set_up(void **state)
{
	(void)state;
	if (scoreboard_new(&board) != OK)
		return -1;
	scoreboard_use(board, -1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	scoreboard_free(&board);
	return 0;
}

static int work(unsigned site, uint64_t duration_us)
{
	const struct score_answer answer = {
		.protocol = SCORE_HTTP_1_1,
		.status = 200,
		.duration_us = duration_us,
		.content_in = 1,
		.content_out = 10,
	};
	int slot = score_take_slot(board);
	scoreboard_use(board, slot);
	struct score_slot *self = score_self();
	self->state = SCORE_READY;
	self->generation = 3;
	self->number = (uint32_t)slot + 1;
	self->sandbox = SANDBOX_LANDLOCK | SANDBOX_SECCOMP;
	self->requests += 1;
	self->bytes_out += 100;
	self->connections = 4;
	self->idle = 2;
	self->handshakes = 1;
	score_site_count_answer(&self->sites[site], &answer);
	return slot;
}

static void test_sums(void **state)
{
	(void)state;
	assert_int_equal(score_site_add(SLICE("a.example")), OK);
	assert_int_equal(score_site_add(SLICE("b.example")), OK);
	unsigned a = score_site_find(SLICE("a.example")), b = score_site_find(SLICE("b.example"));
	work(a, 80);
	work(a, 700);
	score_clear_slot(board, work(b, 80)); /* it has died: what it did stays done */
	stats_take(&stats, &arena);
	assert_int_equal(stats.worker_count, 2);
	assert_int_equal(stats.workers_in[SCORE_READY], 2);
	assert_int_equal(stats.requests, 3);
	assert_int_equal(stats.bytes_out, 300);
	assert_int_equal(stats.connections, 8);
	assert_int_equal(stats.idle, 4);
	assert_int_equal(stats.active, 2);
	assert_int_equal(stats.generation, 3);
	assert_int_equal(stats.site_count, 3);
	assert_int_equal(stats.sites[a].requests[SCORE_HTTP_1_1][2], 2);
	assert_int_equal(stats.sites[a].durations[0], 1);
	assert_int_equal(stats.sites[a].durations[3], 1);
	assert_int_equal(stats.sites[a].answered, 2);
	assert_int_equal(stats.sites[b].duration_us, 80);
	struct stats_site all;
	stats_total(&stats, &all);
	assert_int_equal(all.answered, 3);
	assert_int_equal(all.content_out, 30);
	assert_int_equal(all.requests[SCORE_HTTP_1_1][2], 3);
}

/* A part is in force when it is for every worker that serves. */
static void test_sandbox(void **state)
{
	(void)state;
	stats_take(&stats, &arena);
	assert_int_equal(stats.sandbox, 0);
	work(0, 1);
	stats_take(&stats, &arena);
	assert_int_equal(stats.sandbox, SANDBOX_LANDLOCK | SANDBOX_SECCOMP);
	work(0, 1);
	score_self()->sandbox = SANDBOX_SECCOMP;
	stats_take(&stats, &arena);
	assert_int_equal(stats.sandbox, SANDBOX_SECCOMP);
	score_self()->state = SCORE_DRAINING;
	stats_take(&stats, &arena);
	assert_int_equal(stats.sandbox, SANDBOX_LANDLOCK | SANDBOX_SECCOMP);
}

static void test_requests_of_a_worker(void **state)
{
	(void)state;
	work(0, 1);
	score_self()->requests = 50;
	score_self()->requests_before = 42;
	stats_take(&stats, &arena);
	assert_int_equal(stats.workers[0].requests, 8);
	assert_int_equal(stats.requests, 50);
}

static void test_quantiles(void **state)
{
	uint64_t durations[SCORE_BUCKETS + 1] = { 0 };
	(void)state;
	assert_int_equal(stats_quantile(durations, 0.5), 0);
	durations[0] = 100;
	assert_int_equal(stats_quantile(durations, 0.5), 50);
	durations[1] = 100; /* 100 to 250 us */
	assert_int_equal(stats_quantile(durations, 0.5), 100);
	assert_int_equal(stats_quantile(durations, 0.75), 175);
	assert_int_equal(stats_quantile(durations, 1.0), 250);
	durations[SCORE_BUCKETS] = 200;
	assert_int_equal(stats_quantile(durations, 0.99), 10000000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_sums),
		TEST(test_sandbox),
		TEST(test_requests_of_a_worker),
		TEST(test_quantiles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
