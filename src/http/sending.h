/*
 * sending.h - the queue of a connection on its way out, and how long a peer that takes it slowly
 * may hold it. For the engines.
 */
#ifndef HTTP_SENDING_H
#define HTTP_SENDING_H

#include "http/pace.h"
#include "net/conn.h"

#include <stdbool.h>

/* Zero bytes are one that has not begun. */
struct sending {
	struct pace pace;        /* runs while the socket takes nothing */
	uint64_t unacknowledged; /* in the kernel's hands when it began, or at the last look */
	bool blocked;            /* the queue is not empty and the socket is full: `pace` runs */
};

/* As conn_flush. */
MUST_CHECK int sending_flush(struct sending *s, struct conn *c, struct pace_rule rule);

/* Whether the peer has used up its time to take what is in the queue; pace.due_ms is moved on if it
 * has taken something after all. */
bool sending_is_stuck(struct sending *s, const struct conn *c, struct pace_rule rule);

#endif
