/* event_ring_test.c - the last lines are kept, in order, cut, and whole under a storm of writers.
 */
#include "base/event_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct event_ring *ring;

static int set_up(void **state)
{
	(void)state;
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return ring == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	return munmap(ring, sizeof(*ring));
}

static void add(unsigned number)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "line %u", number);
	event_ring_add(
	    ring, LOG_LEVEL_ERROR, number, SLICE("worker 1"), slice_of(text, (size_t)len));
}

static void test_empty(void **state)
{
	struct event e;
	(void)state;
	assert_false(event_ring_read(ring, 0, &e));
	assert_false(event_ring_read(ring, EVENT_RING_SIZE, &e));
}

static void test_order(void **state)
{
	struct event e;
	char wanted[32];
	(void)state;
	for (unsigned i = 1; i <= EVENT_RING_SIZE + 5; i++)
		add(i);
	for (unsigned age = 0; age < EVENT_RING_SIZE; age++) {
		unsigned number = EVENT_RING_SIZE + 5 - age;
		assert_true(event_ring_read(ring, age, &e));
		int len = snprintf(wanted, sizeof(wanted), "worker 1: line %u", number);
		assert_int_equal(e.len, len);
		assert_memory_equal(e.text, wanted, e.len);
		assert_int_equal(e.time_ms, number);
		assert_int_equal(e.level, LOG_LEVEL_ERROR);
	}
	assert_false(event_ring_read(ring, EVENT_RING_SIZE, &e));
	assert_int_equal(ring->counts[LOG_LEVEL_ERROR], EVENT_RING_SIZE + 5);
	assert_int_equal(ring->counts[LOG_LEVEL_WARNING], 0);
}

/* What nobody is to be told of is not counted; what is too long is cut. */
static void test_bounds(void **state)
{
	struct event e;
	char large[1000];
	(void)state;
	event_ring_add(ring, LOG_LEVEL_INFO, 1, SLICE_NONE, SLICE("nothing"));
	assert_false(event_ring_read(ring, 0, &e));
	memset(large, 'x', sizeof(large));
	event_ring_add(ring, LOG_LEVEL_NOTICE, 1, SLICE_NONE, slice_of(large, sizeof(large)));
	assert_true(event_ring_read(ring, 0, &e));
	assert_int_equal(e.len, EVENT_TEXT);
	event_ring_add(
	    ring, LOG_LEVEL_NOTICE, 1, slice_of(large, sizeof(large)), SLICE("not reached"));
	assert_true(event_ring_read(ring, 0, &e));
	assert_int_equal(e.len, EVENT_TEXT);
	assert_int_equal(e.text[EVENT_TEXT - 1], 'x');
}

/* Memory that a process gone wrong has written to. */
static void test_nonsense(void **state)
{
	struct event e;
	(void)state;
	add(1);
	ring->events[1].len = UINT32_MAX;
	ring->events[1].level = UINT32_MAX;
	assert_true(event_ring_read(ring, 0, &e));
	assert_int_equal(e.len, EVENT_TEXT);
	assert_int_equal(e.level, LOG_LEVEL_NOTICE);
	atomic_store(&ring->events[1].number, EVENT_BUSY); /* killed while it wrote */
	assert_false(event_ring_read(ring, 0, &e));
	for (unsigned i = 2; i <= EVENT_RING_SIZE + 1; i++)
		add(i);
	assert_false(event_ring_read(ring, 0, &e));
	assert_true(event_ring_read(ring, 1, &e));
}

static void write_many(char letter)
{
	char text[100];
	memset(text, letter, sizeof(text));
	for (int i = 0; i < 20000; i++)
		event_ring_add(ring, LOG_LEVEL_ERROR, 1, SLICE_NONE, slice_of(text, sizeof(text)));
	_exit(0);
}

static void look_at_all(void)
{
	struct event e;
	for (unsigned age = 0; age < EVENT_RING_SIZE; age++) {
		if (!event_ring_read(ring, age, &e))
			continue;
		for (uint32_t i = 1; i < e.len; i++)
			assert_int_equal(e.text[i], e.text[0]);
	}
}

/* A line is one writer's, or it is not read. */
static void test_storm(void **state)
{
	enum { WRITERS = 3 };
	int status, ended = 0;
	(void)state;
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0)
			write_many((char)('a' + i));
	while (ended < WRITERS) {
		look_at_all();
		ended += waitpid(-1, &status, WNOHANG) > 0;
	}
	look_at_all();
	assert_int_equal(ring->counts[LOG_LEVEL_ERROR], WRITERS * 20000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_order),
		TEST(test_bounds),
		TEST(test_nonsense),
		TEST(test_storm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
