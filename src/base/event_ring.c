/*
 * event_ring.c - see event_ring.h.
 *
 * A place says EVENT_BUSY while somebody writes there: a second writer leaves it alone, and a
 * reader knows whether it has copied one line or parts of two. A writer that is killed in those
 * few nanoseconds takes its place along: the ring has one less, nothing waits.
 */
#include "base/event_ring.h"

static uint32_t put(char *text, uint32_t len, struct slice s)
{
	struct slice part = slice_head(s, EVENT_TEXT - len);
	if (part.len)
		memcpy(text + len, part.ptr, part.len);
	return len + (uint32_t)part.len;
}

void event_ring_add(struct event_ring *ring, enum log_level level, uint64_t time_ms,
    struct slice source, struct slice text)
{
	if (level > LOG_LEVEL_NOTICE)
		return;
	uint64_t number = atomic_fetch_add(&ring->last, 1) + 1;
	struct event *e = &ring->events[number % EVENT_RING_SIZE];
	atomic_fetch_add(&ring->counts[level], 1);
	if (atomic_exchange(&e->number, EVENT_BUSY) == EVENT_BUSY)
		return;
	e->time_ms = time_ms;
	e->level = level;
	e->len = put(e->text, 0, source);
	if (source.len)
		e->len = put(e->text, e->len, SLICE(": "));
	e->len = put(e->text, e->len, text);
	atomic_store(&e->number, number);
}

bool event_ring_read(const struct event_ring *ring, unsigned age, struct event *out)
{
	uint64_t last = atomic_load(&ring->last);
	if (age >= EVENT_RING_SIZE || age >= last)
		return false;
	uint64_t number = last - age;
	const struct event *e = &ring->events[number % EVENT_RING_SIZE];
	if (atomic_load(&e->number) != number)
		return false;
	out->time_ms = e->time_ms;
	out->level = e->level < EVENT_LEVELS ? e->level : LOG_LEVEL_NOTICE;
	out->len = e->len < EVENT_TEXT ? e->len : EVENT_TEXT;
	memcpy(out->text, e->text, out->len);
	atomic_thread_fence(memory_order_acquire);
	atomic_store(&out->number, number);
	return atomic_load(&e->number) == number;
}
