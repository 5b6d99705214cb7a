/* loop_test.c - descriptors, timers and deferred work of a turn, and their order. */
#include "event/loop.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static char journal[64]; /* a letter for each thing that ran */

static void note(char c)
{
	size_t len = strlen(journal);
	assert_true(len < sizeof(journal) - 1);
	journal[len] = c;
	journal[len + 1] = '\0';
}

static int set_up(void **state)
{
	(void)state;
	memset(journal, 0, sizeof(journal));
	loop = loop_new();
	return loop ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(&loop);
	assert_null(loop);
	loop_free(&loop);
	return 0;
}

struct end {
	struct watch watch;
	struct task task;
	struct end *other;
	int peer_fd;
	uint32_t events;
	char name;
};

static void on_event(struct watch *w, uint32_t events)
{
	struct end *e = CONTAINER_OF(w, struct end, watch);
	e->events = events;
	note(e->name);
}

static void open_end(struct end *e, char name)
{
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	*e = (struct end){
		.watch = { .fd = fds[0], .on_event = on_event }, .peer_fd = fds[1], .name = name
	};
}

static void add_end(struct end *e, uint32_t events)
{
	assert_int_equal(loop_add(loop, &e->watch, events), OK);
}

static void poke(struct end *e)
{
	assert_int_equal(write(e->peer_fd, "x", 1), 1);
}

static void close_end(struct end *e)
{
	loop_remove(loop, &e->watch);
	close(e->watch.fd);
	close(e->peer_fd);
}

static void test_edge_triggered(void **state)
{
	struct end a;
	(void)state;
	open_end(&a, 'a');
	add_end(&a, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	loop_turn(loop, 0);
	assert_string_equal(journal, "a");
	assert_int_equal(a.events, EPOLLOUT);
	loop_turn(loop, 0);
	assert_string_equal(journal, "a");
	poke(&a);
	loop_turn(loop, -1);
	assert_string_equal(journal, "aa");
	assert_int_equal(a.events, EPOLLIN | EPOLLOUT);
	loop_turn(loop, 0); /* unread, but no new edge */
	assert_string_equal(journal, "aa");
	poke(&a);
	loop_turn(loop, -1);
	assert_string_equal(journal, "aaa");
	assert_int_equal(shutdown(a.peer_fd, SHUT_WR), 0);
	loop_turn(loop, -1);
	assert_true(a.events & EPOLLRDHUP);
	close_end(&a);
}

static void test_level_triggered(void **state)
{
	struct end a;
	(void)state;
	open_end(&a, 'a');
	add_end(&a, EPOLLIN);
	poke(&a);
	loop_turn(loop, 0);
	loop_turn(loop, 0);
	assert_string_equal(journal, "aa");
	close_end(&a);
}

static void test_add_fails(void **state)
{
	struct watch w = { .fd = -1, .on_event = on_event };
	(void)state;
	assert_int_equal(loop_add(loop, &w, EPOLLIN), ERR_IO);
	assert_int_equal(errno, EBADF);
}

static void on_event_close_other(struct watch *w, uint32_t events)
{
	struct end *e = CONTAINER_OF(w, struct end, watch);
	on_event(w, events);
	close_end(e->other);
	e->other->watch.on_event = NULL; /* a call would crash */
	e->other->other = NULL;
}

/* Both have an event in the turn; whichever runs first removes the other. */
static void test_removed_in_turn(void **state)
{
	struct end a, b;
	(void)state;
	open_end(&a, 'a');
	open_end(&b, 'b');
	a.watch.on_event = b.watch.on_event = on_event_close_other;
	a.other = &b;
	b.other = &a;
	add_end(&a, EPOLLIN | EPOLLET);
	add_end(&b, EPOLLIN | EPOLLET);
	poke(&a);
	poke(&b);
	loop_turn(loop, -1);
	loop_turn(loop, 0);
	assert_int_equal(strlen(journal), 1);
	close_end(journal[0] == 'a' ? &a : &b);
}

static void on_event_replace_other(struct watch *w, uint32_t events)
{
	struct end *e = CONTAINER_OF(w, struct end, watch);
	char name = e->other->name;
	on_event(w, events);
	close_end(e->other);
	open_end(e->other, name);
	add_end(e->other, EPOLLIN | EPOLLET);
}

/* The same struct, watched anew, does not get the event of the old descriptor. */
static void test_replaced_in_turn(void **state)
{
	struct end a, b;
	(void)state;
	open_end(&a, 'a');
	open_end(&b, 'b');
	a.watch.on_event = b.watch.on_event = on_event_replace_other;
	a.other = &b;
	b.other = &a;
	add_end(&a, EPOLLIN | EPOLLET);
	add_end(&b, EPOLLIN | EPOLLET);
	poke(&a);
	poke(&b);
	loop_turn(loop, -1);
	loop_turn(loop, 0);
	assert_int_equal(strlen(journal), 1);
	close_end(&a);
	close_end(&b);
}

static void on_task(struct task *t)
{
	note(CONTAINER_OF(t, struct end, task)->name);
}

static void on_task_free(struct task *t)
{
	struct end *e = CONTAINER_OF(t, struct end, task);
	note('F');
	free(e);
}

static void on_event_defer_free(struct watch *w, uint32_t events)
{
	struct end *e = CONTAINER_OF(w, struct end, watch);
	on_event(w, events);
	close_end(e);
	e->task.run = on_task_free;
	loop_defer(loop, &e->task);
	loop_defer(loop, &e->task);
}

static void test_deferred_free(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct end *e = malloc(sizeof(*e));
		open_end(e, 'e');
		e->watch.on_event = on_event_defer_free;
		add_end(e, EPOLLIN | EPOLLET);
		poke(e);
	}
	loop_turn(loop, -1);
	assert_string_equal(journal, "eeeFFF");
}

static void on_task_again(struct task *t)
{
	on_task(t);
	loop_defer(loop, t);
}

/* In order, twice deferred once run; what a task defers comes at the end of the next turn, which
 * does not wait. */
static void test_tasks(void **state)
{
	struct end a = { .name = 'a', .task.run = on_task };
	struct end b = { .name = 'b', .task.run = on_task_again };
	struct end c = { .name = 'c', .task.run = on_task };
	(void)state;
	loop_defer(loop, &a.task);
	loop_defer(loop, &b.task);
	loop_defer(loop, &a.task);
	loop_defer(loop, &c.task);
	loop_turn(loop, -1);
	assert_string_equal(journal, "abc");
	loop_turn(loop, -1);
	assert_string_equal(journal, "abcb");
	b.task.run = on_task;
	loop_turn(loop, -1);
	assert_string_equal(journal, "abcbb");
	loop_defer(loop, &a.task);
	loop_turn(loop, 0);
	assert_string_equal(journal, "abcbba");
}

static void test_free_runs_tasks(void **state)
{
	struct end a = { .name = 'a', .task.run = on_task };
	(void)state;
	loop_defer(loop, &a.task);
	loop_free(&loop);
	assert_string_equal(journal, "a");
}

struct alarm {
	struct timer timer;
	struct end *end;
	uint64_t fired_ms;
};

static void on_due(struct timer *t)
{
	struct alarm *a = CONTAINER_OF(t, struct alarm, timer);
	a->fired_ms = clock_mono_ms();
	note('t');
	if (a->end)
		loop_defer(loop, &a->end->task);
}

/* Events, then timers, then deferred work. */
static void test_order_in_turn(void **state)
{
	struct end a;
	(void)state;
	open_end(&a, 'a');
	a.task.run = on_task;
	struct alarm alarm = { .timer.on_due = on_due, .end = &a };
	add_end(&a, EPOLLIN | EPOLLET);
	poke(&a);
	timer_set(loop, &alarm.timer, loop_now_ms(loop));
	while (clock_mono_ms() < loop_now_ms(loop) + 20)
		continue;
	loop_turn(loop, -1);
	assert_string_equal(journal, "ata");
	close_end(&a);
}

static void test_timers_wake(void **state)
{
	struct alarm soon = { .timer.on_due = on_due }, late = { .timer.on_due = on_due };
	(void)state;
	uint64_t start = loop_now_ms(loop);
	timer_set(loop, &late.timer, start + 120);
	timer_set(loop, &soon.timer, start + 30);
	int turns = 0;
	for (; !late.fired_ms; turns++)
		loop_turn(loop, -1);
	assert_true(soon.fired_ms >= start + 30);
	assert_true(late.fired_ms >= start + 120);
	assert_true(soon.fired_ms < late.fired_ms);
	assert_true(turns <= 4); /* no ticking */
}

static void test_timer_clear(void **state)
{
	struct alarm a = { .timer.on_due = on_due };
	(void)state;
	timer_clear(loop, &a.timer);
	timer_set(loop, &a.timer, loop_now_ms(loop) + 10);
	timer_clear(loop, &a.timer);
	loop_turn(loop, 40);
	assert_string_equal(journal, "");
	timer_set(loop, &a.timer, 0);
	assert_int_not_equal(a.timer.due_ms, 0);
	while (!a.fired_ms)
		loop_turn(loop, -1);
}

static void test_max_wait(void **state)
{
	struct alarm a = { .timer.on_due = on_due };
	(void)state;
	uint64_t start = clock_mono_ms();
	timer_set(loop, &a.timer, start + 3600000);
	loop_turn(loop, 20);
	assert_true(clock_mono_ms() >= start + 20);
	assert_string_equal(journal, "");
	timer_clear(loop, &a.timer);
}

static void on_stop(struct watch *w, uint32_t events)
{
	on_event(w, events);
	loop_stop(loop);
}

/* The turn in which it is stopped runs to its end, and it can run again. */
static void test_stop(void **state)
{
	struct end a, later = { .name = 'l', .task.run = on_task };
	(void)state;
	open_end(&a, 'a');
	a.watch.on_event = on_stop;
	add_end(&a, EPOLLIN | EPOLLET);
	poke(&a);
	loop_defer(loop, &later.task);
	loop_run(loop);
	assert_string_equal(journal, "al");
	poke(&a);
	loop_run(loop);
	assert_string_equal(journal, "ala");
	loop_stop(loop);
	loop_run(loop);
	assert_string_equal(journal, "ala");
	close_end(&a);
}

static void on_signal(int number)
{
	(void)number;
}

static void test_signal_ends_wait(void **state)
{
	struct itimerval in_20_ms = { .it_value.tv_usec = 20000 };
	(void)state;
	signal(SIGALRM, on_signal);
	assert_int_equal(setitimer(ITIMER_REAL, &in_20_ms, NULL), 0);
	uint64_t start = clock_mono_ms();
	loop_turn(loop, 30000);
	assert_true(clock_mono_ms() < start + 30000);
	assert_string_equal(journal, "");
}

static void test_clocks(void **state)
{
	(void)state;
	uint64_t before = clock_mono_ms();
	loop_turn(loop, 0);
	uint64_t now = loop_now_ms(loop);
	assert_true(now >= before && now <= clock_mono_ms());
	int64_t wall = loop_wall_s(loop);
	assert_true(wall >= (int64_t)time(NULL) - 5 && wall <= (int64_t)time(NULL));
	assert_true(clock_wall_ms() / 1000 - (uint64_t)wall <= 5);
	assert_true(clock_mono_us() / 1000 >= now);
}

/* More descriptors ready than one turn takes: the rest come with the next. */
static void test_many(void **state)
{
	enum { N = 300 };
	static struct end ends[N];
	int ran = 0;
	(void)state;
	for (int i = 0; i < N; i++) {
		open_end(&ends[i], '\0'); /* notes nothing */
		add_end(&ends[i], EPOLLIN | EPOLLET);
		poke(&ends[i]);
	}
	loop_turn(loop, 0);
	loop_turn(loop, 0);
	for (int i = 0; i < N; i++) {
		ran += ends[i].events == EPOLLIN;
		close_end(&ends[i]);
	}
	assert_int_equal(ran, N);
}

/* What was seen is the turn's start until somebody looks again. */
static void test_clock(void **state)
{
	(void)state;
	loop_turn(loop, 0);
	uint64_t turn_us = loop_seen_us(loop);
	assert_int_equal(turn_us / 1000, loop_now_ms(loop));
	while (clock_mono_us() == turn_us)
		continue;
	assert_int_equal(loop_seen_us(loop), turn_us);
	uint64_t later_us = loop_look_us(loop);
	assert_true(later_us > turn_us);
	assert_int_equal(loop_seen_us(loop), later_us);
	assert_int_equal(loop_now_ms(loop), turn_us / 1000); /* one time for all of a turn */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_edge_triggered),
		TEST(test_level_triggered),
		TEST(test_add_fails),
		TEST(test_removed_in_turn),
		TEST(test_replaced_in_turn),
		TEST(test_deferred_free),
		TEST(test_tasks),
		TEST(test_free_runs_tasks),
		TEST(test_order_in_turn),
		TEST(test_timers_wake),
		TEST(test_timer_clear),
		TEST(test_max_wait),
		TEST(test_clock),
		TEST(test_stop),
		TEST(test_signal_ends_wait),
		TEST(test_clocks),
		TEST(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
