/*
 * loop.c - one event loop a process: epoll, the timer wheel, deferred tasks.
 *
 * Nothing here is specific to sockets; what the callbacks do with their descriptors is theirs.
 * Signals only end the wait: whoever handles them has a descriptor in the loop or looks at its
 * flags after each turn.
 */
#include "event/loop.h"

#include "base/clock.h"
#include "base/mem.h"
#include "event/wheel.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Events a turn. Enough that the cost of epoll_wait is lost among them; few enough that timers and
 * deferred frees come round within about 3 ms at 10 us an event. */
enum { BATCH_MAX = 256 };

struct loop {
	int epoll_fd;
	bool stopping;
	uint64_t now_ms;
	uint64_t seen_us; /* the last look at the clock */
	int64_t wall_s;
	struct task *tasks;
	struct task **tasks_end;
	int batch_next; /* events of the batch that have not run: [batch_next, batch_len) */
	int batch_len;
	struct epoll_event batch[BATCH_MAX];
	struct wheel wheel;
};

/* time() reads the kernel's coarse clock: no more than 4 ms late, and cheaper than the fine one. */
static void read_clocks(struct loop *loop)
{
	loop->now_ms = loop_look_us(loop) / 1000;
	loop->wall_s = time(NULL);
}

struct loop *loop_new(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct loop *loop = mem_zalloc(sizeof(*loop));
	loop->epoll_fd = fd;
	loop->tasks_end = &loop->tasks;
	read_clocks(loop);
	wheel_init(&loop->wheel, loop->now_ms);
	return loop;
}

/* The list is taken first: what a task defers waits for the next turn. */
static void run_tasks(struct loop *loop)
{
	struct task *task = loop->tasks;
	loop->tasks = NULL;
	loop->tasks_end = &loop->tasks;
	while (task) {
		struct task *next = task->next;
		task->queued = false;
		task->run(task);
		task = next;
	}
}

void loop_free(struct loop **loop)
{
	if (!*loop)
		return;
	while ((*loop)->tasks)
		run_tasks(*loop);
	close((*loop)->epoll_fd);
	mem_free(*loop);
	*loop = NULL;
}

int loop_add(struct loop *loop, struct watch *w, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = w };
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, w->fd, &event) < 0 ? ERR_IO : OK;
}

/* The kernel has handed out the events of this turn already: those of the watch are struck. */
void loop_remove(struct loop *loop, struct watch *w)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	for (int i = loop->batch_next; i < loop->batch_len; i++)
		if (loop->batch[i].data.ptr == w)
			loop->batch[i].data.ptr = NULL;
}

void timer_set(struct loop *loop, struct timer *t, uint64_t due_ms)
{
	wheel_set(&loop->wheel, t, due_ms ? due_ms : 1, loop->now_ms);
}

void timer_clear(struct loop *loop, struct timer *t)
{
	(void)loop;
	wheel_clear(t);
}

void loop_defer(struct loop *loop, struct task *t)
{
	if (t->queued)
		return;
	t->queued = true;
	t->next = NULL;
	*loop->tasks_end = t;
	loop->tasks_end = &t->next;
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

uint64_t loop_look_us(struct loop *loop)
{
	loop->seen_us = clock_mono_us();
	return loop->seen_us;
}

uint64_t loop_seen_us(const struct loop *loop)
{
	return loop->seen_us;
}

int64_t loop_wall_s(const struct loop *loop)
{
	return loop->wall_s;
}

/* For epoll_wait: at most max_wait_ms, at most until the next timer, not at all with tasks. */
static int wait_ms(struct loop *loop, int max_wait_ms)
{
	if (loop->tasks)
		return 0;
	uint64_t next_ms = wheel_next_ms(&loop->wheel);
	if (next_ms == UINT64_MAX)
		return max_wait_ms;
	uint64_t wait = next_ms > loop->now_ms ? next_ms - loop->now_ms : 0;
	uint64_t most = max_wait_ms < 0 ? INT_MAX : (uint64_t)max_wait_ms;
	return (int)(wait < most ? wait : most);
}

static void run_events(struct loop *loop)
{
	loop->batch_next = 0;
	while (loop->batch_next < loop->batch_len) {
		const struct epoll_event *event = &loop->batch[loop->batch_next++];
		struct watch *w = event->data.ptr;
		if (w)
			w->on_event(w, event->events);
	}
	loop->batch_len = 0;
}

void loop_turn(struct loop *loop, int max_wait_ms)
{
	int n = epoll_wait(loop->epoll_fd, loop->batch, BATCH_MAX, wait_ms(loop, max_wait_ms));
	assert(
	    n >= 0 || errno == EINTR); /* anything else is a descriptor that is not ours any more */
	loop->batch_len = n < 0 ? 0 : n;
	read_clocks(loop);
	run_events(loop);
	wheel_run(&loop->wheel, loop->now_ms);
	run_tasks(loop);
}

void loop_run(struct loop *loop)
{
	while (!loop->stopping)
		loop_turn(loop, -1);
	loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}
