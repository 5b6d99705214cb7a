/*
 * event_ring.h - the last lines of the error log, in shared memory: what /status shows without
 * reading files. Any process adds, any process reads; the oldest line makes room for the newest.
 */
#ifndef BASE_EVENT_RING_H
#define BASE_EVENT_RING_H

#include "base/log.h"
#include "base/slice.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	EVENT_RING_SIZE = 64, /* a page of them is as much as anybody reads: 16 KiB */
	EVENT_TEXT = 232,     /* bytes of a line, cut */
	EVENT_LEVELS = LOG_LEVEL_NOTICE + 1,
};

#define EVENT_BUSY UINT64_MAX

struct event {
	_Atomic uint64_t number; /* from 1; 0: never written, EVENT_BUSY: being written */
	uint64_t time_ms;        /* wall clock */
	uint32_t level;          /* enum log_level */
	uint32_t len;
	char text[EVENT_TEXT]; /* raw bytes: whoever shows them escapes them */
};

/* Zero bytes are an empty ring. */
struct event_ring {
	_Atomic uint64_t last;                 /* the number of the newest */
	_Atomic uint64_t counts[EVENT_LEVELS]; /* by level, of all there ever were */
	struct event events[EVENT_RING_SIZE];
};

/* "SOURCE: TEXT"; `source` may be empty. */
void event_ring_add(struct event_ring *ring, enum log_level level, uint64_t time_ms,
    struct slice source, struct slice text);

/* The newest is 0. Copies; false if there is none, or if it is being written. */
bool event_ring_read(const struct event_ring *ring, unsigned age, struct event *out);

#endif
