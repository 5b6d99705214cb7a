/* address_table_test.c - counts of addresses: exact alone, exact after a storm of processes, and
 * what dead workers leave behind. */
#include "base/address_table.h"

#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORKERS = 4 };

/* Shared, as in use; fresh for each test. */
static int set_up(void **state)
{
	struct address_table *table =
	    mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (table == MAP_FAILED)
		return -1;
	table->seed[0] = UINT64_C(0x0123456789abcdef);
	table->seed[1] = UINT64_C(0xfedcba9876543210);
	table->slots_used = WORKERS;
	*state = table;
	return 0;
}

static int tear_down(void **state)
{
	return munmap(*state, sizeof(struct address_table));
}

struct key {
	unsigned char bytes[16];
};

/* As mapped IPv4 addresses, which differ little. */
static struct key key_of(unsigned n)
{
	struct key key = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };
	for (int i = 0; i < 4; i++)
		key.bytes[12 + i] = (unsigned char)(n >> (24 - 8 * i));
	return key;
}

static unsigned add(struct address_table *table, unsigned slot, unsigned n)
{
	return address_table_add(table, slot, key_of(n).bytes);
}

static void drop(struct address_table *table, unsigned slot, unsigned n)
{
	address_table_remove(table, slot, key_of(n).bytes);
}

static unsigned entries_in_use(const struct address_table *table)
{
	unsigned count = 0;
	for (int i = 0; i < SCORE_ADDRESSES; i++)
		count += table->states[i] > 1;
	return count;
}

static void test_counts(void **state)
{
	struct address_table *table = *state;
	assert_int_equal(add(table, 0, 1), 1);
	assert_int_equal(add(table, 0, 1), 2);
	assert_int_equal(add(table, 0, 2), 1);
	assert_int_equal(add(table, 3, 1), 3);
	drop(table, 0, 1);
	assert_int_equal(add(table, 1, 1), 3);
	assert_int_equal(entries_in_use(table), 2);
	drop(table, 0, 2);
	assert_int_equal(entries_in_use(table), 1);
	assert_int_equal(add(table, 0, 2), 1);
}

/* What was never counted is not taken out, neither a key nor another's count. */
static void test_remove_of_nothing(void **state)
{
	struct address_table *table = *state;
	drop(table, 0, 7);
	assert_int_equal(add(table, 0, 7), 1);
	drop(table, 1, 7);
	assert_int_equal(add(table, 0, 7), 2);
}

/* Three quarters of the table: all have their own count, and all places come back. */
static void test_many(void **state)
{
	struct address_table *table = *state;
	enum { N = SCORE_ADDRESSES * 3 / 4 };
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < N; i++)
			assert_int_equal(add(table, i % WORKERS, round * N + i), 1);
		for (unsigned i = 0; i < N; i++)
			assert_int_equal(add(table, (i + 1) % WORKERS, round * N + i), 2);
		assert_int_equal(entries_in_use(table), N);
		for (unsigned i = 0; i < N; i++) {
			drop(table, i % WORKERS, round * N + i);
			drop(table, (i + 1) % WORKERS, round * N + i);
		}
		assert_int_equal(entries_in_use(table), 0);
	}
}

/* Over-full: newcomers are not counted, those in the table stay right. */
static void test_full(void **state)
{
	struct address_table *table = *state;
	unsigned refused = 0;
	for (unsigned i = 0; i < SCORE_ADDRESSES * 2; i++)
		refused += add(table, 0, i) == 0;
	assert_true(refused >= SCORE_ADDRESSES);
	assert_int_equal(entries_in_use(table), SCORE_ADDRESSES * 2 - refused);
	assert_int_equal(add(table, 1, 0), 2);
	for (unsigned i = 0; i < SCORE_ADDRESSES * 2; i++)
		drop(table, 0, i);
	assert_int_equal(entries_in_use(table), 1);
}

static void test_counter_is_full(void **state)
{
	struct address_table *table = *state;
	for (unsigned i = 1; i <= UINT16_MAX; i++)
		assert_int_equal(add(table, 0, 1), i);
	assert_int_equal(add(table, 0, 1), 0);
	assert_int_equal(add(table, 1, 1), UINT16_MAX + 1);
}

static void test_clear_slot(void **state)
{
	struct address_table *table = *state;
	for (unsigned i = 0; i < 100; i++) {
		add(table, 1, i);
		add(table, 1, i);
		if (i % 2)
			add(table, 2, i);
	}
	address_table_clear_slot(table, 1);
	assert_int_equal(entries_in_use(table), 50);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(add(table, 3, i), i % 2 + 1);
}

/* Dead between the two steps of entering or of giving up. */
static void test_clear_slot_settles_busy(void **state)
{
	struct address_table *table = *state;
	uint32_t busy = 1 << 2 | 2;
	add(table, 0, 5);
	add(table, 1, 6);
	for (int i = 0; i < SCORE_ADDRESSES; i++)
		if (table->states[i])
			table->states[i] = busy;
	address_table_clear_slot(table, 1);
	assert_int_equal(entries_in_use(table), 1);
	assert_int_equal(add(table, 2, 5), 2);
	assert_int_equal(add(table, 2, 6), 1);
}

static void hammer(struct address_table *table, unsigned slot, unsigned rounds)
{
	unsigned random = slot * 7919 + 1;
	for (unsigned i = 0; i < rounds; i++) {
		random = random * 1664525 + 1013904223;
		unsigned n = random >> 16 & 7;
		unsigned count = add(table, slot, n);
		if (count == 0)
			_exit(1);
		drop(table, slot, n);
	}
}

static pid_t start_worker(struct address_table *table, unsigned slot, unsigned rounds)
{
	pid_t pid = fork();
	if (pid == 0) {
		hammer(table, slot, rounds);
		/* And a count to find afterwards. */
		_exit(add(table, slot, 1000) == 0);
	}
	return pid;
}

/* Few keys, many changes, all workers at once: nothing is left over and nothing is lost. */
static void test_storm(void **state)
{
	struct address_table *table = *state;
	pid_t pids[WORKERS];
	for (unsigned i = 0; i < WORKERS; i++)
		pids[i] = start_worker(table, i, 100000);
	for (unsigned i = 0; i < WORKERS; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(add(table, 0, 1000), WORKERS + 1);
	for (int i = 0; i < SCORE_ADDRESSES; i++) {
		unsigned count = 0;
		for (int slot = 0; slot < WORKERS; slot++)
			count += table->counters[i][slot];
		assert_int_equal(table->states[i] > 1, count > 0);
	}
	for (unsigned n = 0; n < 8; n++)
		assert_int_equal(add(table, 0, n), 1);
}

/* Killed anywhere, while others go on: after clearing only what the living hold is counted. */
static void test_kill(void **state)
{
	struct address_table *table = *state;
	pid_t others = start_worker(table, 0, UINT32_MAX);
	for (int round = 0; round < 50; round++) {
		pid_t pid = start_worker(table, 1, UINT32_MAX);
		usleep((useconds_t)(1000 + round * 37)); /* where it dies is the point */
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		address_table_clear_slot(table, 1);
	}
	kill(others, SIGKILL);
	assert_int_equal(waitpid(others, NULL, 0), others);
	address_table_clear_slot(table, 0);
	assert_int_equal(entries_in_use(table), 0);
	for (unsigned n = 0; n < 8; n++)
		assert_int_equal(add(table, 2, n), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_counts),
		TEST(test_remove_of_nothing),
		TEST(test_many),
		TEST(test_full),
		TEST(test_counter_is_full),
		TEST(test_clear_slot),
		TEST(test_clear_slot_settles_busy),
		TEST(test_storm),
		TEST(test_kill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
