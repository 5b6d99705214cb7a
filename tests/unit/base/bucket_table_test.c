/* bucket_table_test.c - tokens: exact alone, exact over processes, also where some are killed, and
 * what happens when the table is full. */
#include "base/bucket_table.h"

#include "base/clock.h"
#include "base/scoreboard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORKERS = 4 };

#define SECOND UINT64_C(1000000)
#define HOUR (3600 * SECOND)

/* Shared, as in use; fresh for each test. `granted` is a worker's own count. */
struct shared {
	_Atomic unsigned go;
	_Atomic uint64_t granted[WORKERS];
	struct bucket_table table;
};

static int set_up(void **state)
{
	struct shared *shared =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	shared->table.secret[0] = UINT64_C(0x0123456789abcdef);
	shared->table.secret[1] = UINT64_C(0xfedcba9876543210);
	*state = shared;
	return 0;
}

static int tear_down(void **state)
{
	return munmap(*state, sizeof(struct shared));
}

static struct bucket_table *table_of(void **state)
{
	return &((struct shared *)*state)->table;
}

static const struct bucket_rule ten_a_second = { .id = 1, .interval_us = 100000, .burst = 20 };

static void test_tokens(void **state)
{
	struct bucket_table *table = table_of(state);
	struct bucket_state s;
	uint64_t now = 5 * HOUR;
	assert_true(bucket_peek(table, &ten_a_second, SLICE("a"), now, &s));
	assert_int_equal(s.left, 20);
	assert_int_equal(s.full_us, 0);
	for (unsigned i = 20; i-- > 0;) {
		assert_true(bucket_take(table, &ten_a_second, SLICE("a"), now, &s));
		assert_int_equal(s.left, i);
		assert_int_equal(s.full_us, (20 - i) * 100000);
		assert_int_equal(s.wait_us, i ? 0 : 100000);
	}
	assert_false(bucket_take(table, &ten_a_second, SLICE("a"), now + 99999, &s));
	assert_int_equal(s.left, 0);
	assert_int_equal(s.wait_us, 1);
	assert_int_equal(s.full_us, 2 * SECOND - 99999);
	/* A refusal takes nothing, and neither does a look. */
	assert_true(bucket_peek(table, &ten_a_second, SLICE("a"), now + 100000, &s));
	assert_int_equal(s.left, 1);
	assert_true(bucket_take(table, &ten_a_second, SLICE("a"), now + 100000, &s));
	assert_false(bucket_take(table, &ten_a_second, SLICE("a"), now + 100000, &s));
	assert_true(bucket_take(table, &ten_a_second, SLICE("a"), now + 9 * SECOND, &s));
	assert_int_equal(s.left, 19);
}

static void test_apart(void **state)
{
	struct bucket_table *table = table_of(state);
	struct bucket_rule one = { .id = 1, .interval_us = HOUR, .burst = 1 };
	struct bucket_rule other = { .id = 2, .interval_us = HOUR, .burst = 1 };
	struct bucket_state s;
	assert_true(bucket_take(table, &one, SLICE("a"), SECOND, &s));
	assert_false(bucket_take(table, &one, SLICE("a"), SECOND, &s));
	assert_true(bucket_take(table, &one, SLICE("b"), SECOND, &s));
	assert_true(bucket_take(table, &other, SLICE("a"), SECOND, &s));
	assert_true(bucket_take(table, &one, SLICE_NONE, SECOND, &s));
	assert_false(bucket_take(table, &one, SLICE(""), SECOND, &s));
}

/* The clock may start at 0, and its bits may come round. */
static void test_times(void **state)
{
	static const uint64_t round = UINT64_C(1) << 46;
	static const uint64_t times[] = { 0, 1, HOUR, round / 2 - 1, round / 2, round - 1, round,
		3 * round - SECOND };
	struct bucket_table *table = table_of(state);
	struct bucket_rule rule = { .interval_us = SECOND, .burst = 2 };
	struct bucket_state s;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		uint64_t now = times[i];
		rule.id = i;
		assert_true(bucket_take(table, &rule, SLICE("a"), now, &s));
		assert_true(bucket_take(table, &rule, SLICE("a"), now, &s));
		assert_false(bucket_take(table, &rule, SLICE("a"), now + SECOND - 1, &s));
		assert_true(bucket_take(table, &rule, SLICE("a"), now + SECOND, &s));
		assert_true(bucket_take(table, &rule, SLICE("a"), now + 400 * 24 * HOUR, &s));
		assert_int_equal(s.left, 1);
	}
}

static void test_widest(void **state)
{
	struct bucket_table *table = table_of(state);
	struct bucket_rule slow = { .interval_us = BUCKET_WINDOW_MAX_US / 2, .burst = 2 };
	struct bucket_rule large = { .id = 1, .interval_us = 500, .burst = UINT32_MAX };
	struct bucket_state s;
	assert_true(bucket_take(table, &slow, SLICE("a"), 7, &s));
	assert_true(bucket_take(table, &slow, SLICE("a"), 7, &s));
	assert_false(bucket_take(table, &slow, SLICE("a"), 7, &s));
	assert_int_equal(s.wait_us, BUCKET_WINDOW_MAX_US / 2);
	assert_true(bucket_take(table, &large, SLICE("a"), 7, &s));
	assert_int_equal(s.left, UINT32_MAX - 1);
}

/* A reload may change a rule: the time that is owed stays, but is never more than an empty
 * bucket's. */
static void test_other_rule(void **state)
{
	struct bucket_table *table = table_of(state);
	struct bucket_rule rule = { .id = 1, .interval_us = 60 * SECOND, .burst = 10 };
	struct bucket_state s;
	for (int i = 0; i < 10; i++)
		assert_true(bucket_take(table, &rule, SLICE("a"), SECOND, &s));
	assert_false(bucket_take(table, &ten_a_second, SLICE("a"), SECOND, &s));
	assert_int_equal(s.wait_us, 100000);
	assert_true(bucket_take(table, &ten_a_second, SLICE("a"), SECOND + 100000, &s));
	rule.burst = 20;
	assert_true(bucket_take(table, &rule, SLICE("a"), SECOND + 100000, &s));
	assert_int_equal(s.left, 18); /* 2 s and 60 s of 1,200 s */
}

static unsigned words_in_use(struct bucket_table *table)
{
	unsigned count = 0;
	for (int i = 0; i < BUCKET_TABLE_SIZE; i++)
		count += table->words[i] != 0;
	return count;
}

static bool take_number(struct bucket_table *table, const struct bucket_rule *rule, unsigned n,
    uint64_t now_us, struct bucket_state *s)
{
	return bucket_take(table, rule, slice_of((char *)&n, sizeof(n)), now_us, s);
}

/* Half full: all have their own. Those of long ago make room. */
static void test_many(void **state)
{
	enum { N = BUCKET_TABLE_SIZE / 4 };
	struct bucket_table *table = table_of(state);
	struct bucket_rule rule = { .id = 1, .interval_us = SECOND, .burst = 2 };
	struct bucket_state s;
	for (unsigned round = 0; round < 3; round++) {
		uint64_t now = (round + 1) * HOUR;
		unsigned wrong = 0;
		for (unsigned i = 0; i < N; i++)
			wrong += !take_number(table, &rule, round * N + i, now, &s) || s.left != 1;
		for (unsigned i = 0; i < N; i++)
			wrong += !take_number(table, &rule, round * N + i, now, &s) || s.left != 0;
		for (unsigned i = 0; i < N; i++)
			wrong += take_number(table, &rule, round * N + i, now, &s);
		/* 16,384 keys of 30 bits, three times: one secret in three gives a pair; this
		 * one does not. */
		assert_int_equal(wrong, 0);
		assert_true(words_in_use(table) <= 2 * N);
	}
}

/* Over-full: newcomers are served, and the one who owes most stays refused. */
static void test_full(void **state)
{
	struct bucket_table *table = table_of(state);
	struct bucket_rule rule = { .id = 1, .interval_us = SECOND, .burst = 100 };
	struct bucket_state s;
	for (int i = 0; i < 100; i++)
		assert_true(bucket_take(table, &rule, SLICE("flood"), HOUR, &s));
	for (unsigned i = 0; i < BUCKET_TABLE_SIZE * 4; i++)
		assert_true(take_number(table, &rule, i, HOUR, &s));
	assert_int_equal(words_in_use(table), BUCKET_TABLE_SIZE);
	assert_false(bucket_take(table, &rule, SLICE("flood"), HOUR, &s));
}

/* Both workers have entered the key, in different places: what both owe counts. */
static void test_twins(void **state)
{
	struct bucket_table *table = table_of(state);
	struct bucket_state s;
	for (int i = 0; i < 5; i++)
		assert_true(bucket_take(table, &ten_a_second, SLICE("a"), HOUR, &s));
	for (int i = 0; i < BUCKET_TABLE_SIZE; i++) {
		if (!table->words[i])
			continue;
		table->words[i + 3] = table->words[i];
		break;
	}
	assert_true(bucket_peek(table, &ten_a_second, SLICE("a"), HOUR, &s));
	assert_int_equal(s.left, 10);
	assert_int_equal(words_in_use(table), 2);
	assert_true(bucket_take(table, &ten_a_second, SLICE("a"), HOUR, &s));
	assert_int_equal(s.left, 9);
	assert_int_equal(words_in_use(table), 1);
}

static void hammer(struct shared *shared, int worker, unsigned rounds)
{
	/* Nothing comes back within the test. */
	static const struct bucket_rule rule = { .id = 9, .interval_us = HOUR, .burst = 500 };
	struct bucket_state s;
	while (!atomic_load(&shared->go))
		continue;
	for (unsigned i = 0; i < rounds; i++) {
		char key = (char)(i % 8);
		if (bucket_take(&shared->table, &rule, slice_of(&key, 1), clock_mono_us(), &s))
			atomic_fetch_add(&shared->granted[worker], 1);
	}
}

static pid_t start_worker(struct shared *shared, int worker, unsigned rounds)
{
	pid_t pid = fork();
	if (pid == 0) {
		hammer(shared, worker, rounds);
		_exit(0);
	}
	return pid;
}

static uint64_t granted(const struct shared *shared)
{
	uint64_t sum = 0;
	for (int i = 0; i < WORKERS; i++)
		sum += shared->granted[i];
	return sum;
}

/* All at once on few keys, which they all enter at the same moment. */
static void test_storm(void **state)
{
	struct shared *shared = *state;
	for (unsigned round = 0; round < 50; round++) {
		pid_t pids[WORKERS];
		memset(shared->table.words, 0, sizeof(shared->table.words));
		memset(shared->granted, 0, sizeof(shared->granted));
		shared->go = 0;
		for (int i = 0; i < WORKERS; i++)
			pids[i] = start_worker(shared, i, 2000 + 4000 * (round % 2));
		shared->go = 1;
		for (int i = 0; i < WORKERS; i++) {
			int status;
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
		/* 8 buckets of 500; in even rounds each worker asks 2,000 times. */
		assert_int_equal(granted(shared), 8 * 500);
		assert_int_equal(words_in_use(&shared->table), 8);
	}
}

/* Killed anywhere: at most the one token that a worker held when it died is gone. */
static void test_kill(void **state)
{
	enum { ROUNDS = 40 };
	struct shared *shared = *state;
	shared->go = 1;
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = start_worker(shared, 1, UINT32_MAX);
		usleep((useconds_t)(200 + round * 37)); /* where it dies is the point */
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	pid_t last = start_worker(shared, 2, 8 * 500 + 8);
	assert_int_equal(waitpid(last, NULL, 0), last);
	assert_true(granted(shared) <= 8 * 500);
	assert_true(granted(shared) >= 8 * 500 - ROUNDS);
	assert_int_equal(words_in_use(&shared->table), 8);
}

/* The board's table is one for all who use the board; its secret is not another board's. */
static void test_of_board(void **state)
{
	struct bucket_rule rule = { .id = 1, .interval_us = HOUR, .burst = 1 };
	struct bucket_state s;
	struct scoreboard *a, *b;
	(void)state;
	assert_true(bucket_take(score_buckets(), &rule, SLICE("a"), 1, &s));
	assert_int_equal(scoreboard_new(&a), OK);
	assert_int_equal(scoreboard_new(&b), OK);
	scoreboard_use(a, 3);
	uint64_t secret = score_buckets()->secret[0];
	assert_true(bucket_take(score_buckets(), &rule, SLICE("a"), 1, &s));
	scoreboard_use(a, 4);
	assert_false(bucket_take(score_buckets(), &rule, SLICE("a"), 1, &s));
	scoreboard_use(b, 3);
	assert_true(score_buckets()->secret[0] != secret);
	assert_true(bucket_take(score_buckets(), &rule, SLICE("a"), 1, &s));
	scoreboard_free(&a);
	scoreboard_free(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_tokens),
		TEST(test_apart),
		TEST(test_times),
		TEST(test_widest),
		TEST(test_other_rule),
		TEST(test_many),
		TEST(test_full),
		TEST(test_twins),
		TEST(test_storm),
		TEST(test_kill),
		TEST(test_of_board),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
