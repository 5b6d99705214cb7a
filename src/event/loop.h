/*
 * loop.h - one event loop a process: descriptors (epoll), timers, and work put off to the end of a
 * turn.
 *
 * A turn: wait; run the callback of each descriptor that has events; run the timers that are due;
 * run the deferred tasks in the order they were deferred. What a callback wants to free it defers:
 * until the deferred tasks run, every struct that had an event in this turn is still there. A task
 * deferred by a task runs at the end of the next turn, which then does not wait.
 */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include "base/error.h"
#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* A descriptor in the loop; embedded in whatever owns it. `events` are EPOLL* bits. */
struct watch;
typedef void (*watch_fn)(struct watch *w, uint32_t events);
struct watch {
	int fd;
	watch_fn on_event;
};

/* A point in time; embedded likewise. Zero bytes are a timer that is not set. */
struct timer;
typedef void (*timer_fn)(struct timer *t);
struct timer {
	struct list node; /* the loop's */
	uint64_t due_ms;  /* monotonic; 0: not set */
	uint64_t tick;    /* the loop's: when it looks at the timer, at or before due_ms */
	timer_fn on_due;
};

/* Work for the end of this turn; embedded likewise. Deferring it twice runs it once. */
struct task;
typedef void (*task_fn)(struct task *t);
struct task {
	struct task *next;
	bool queued;
	task_fn run;
};

struct loop *loop_new(void);        /* NULL with errno when the kernel refuses a descriptor */
void loop_free(struct loop **loop); /* runs what is still deferred */

/* `events` as for epoll_ctl (EPOLLIN | EPOLLET ..., EPOLLEXCLUSIVE). ERR_IO with errno. */
MUST_CHECK int loop_add(struct loop *loop, struct watch *w, uint32_t events);
void loop_remove(struct loop *loop, struct watch *w); /* before the descriptor is closed */

/* Sets or moves. Due at or after due_ms, with the loop's granularity of about 10 ms. */
void timer_set(struct loop *loop, struct timer *t, uint64_t due_ms);
void timer_clear(struct loop *loop, struct timer *t);

void loop_defer(struct loop *loop, struct task *t);

/* Monotonic milliseconds, read once a turn; wall time in seconds likewise. */
uint64_t loop_now_ms(const struct loop *loop);

/*
 * Microseconds of the same clock: read now, or as they were last read, at the start of the turn or
 * later. A request's time from its head to its end takes one look, at the end: the end of the one
 * before, or the start of the turn, is when the next was begun with.
 */
uint64_t loop_look_us(struct loop *loop);
uint64_t loop_seen_us(const struct loop *loop);
int64_t loop_wall_s(const struct loop *loop);

void loop_turn(struct loop *loop, int max_wait_ms); /* one turn; -1: until something happens */
void loop_run(struct loop *loop);                   /* turns until loop_stop */
void loop_stop(struct loop *loop);

#endif
