/*
 * sending.c - see sending.h.
 */
#include "http/sending.h"

#include "net/acceptor.h"

int sending_flush(struct sending *s, struct conn *c, struct pace_rule rule)
{
	uint64_t now_ms = loop_now_ms(c->net->loop);
	uint64_t before = c->out.bytes;
	int rc = conn_flush(c);
	uint64_t sent = before - c->out.bytes;

	if (rc == ERR_AGAIN && !s->blocked)
		pace_start(&s->pace, now_ms, rule);
	else if (rc == ERR_AGAIN && sent > 0)
		pace_moved(&s->pace, now_ms, sent, rule);
	if (rc == ERR_AGAIN && (!s->blocked || sent > 0))
		s->unacknowledged = conn_unacknowledged(c);
	s->blocked = rc == ERR_AGAIN;
	return rc;
}

/*
 * What the peer has acknowledged since is looked at only now: the socket says "writable" when a
 * third of its buffer is free, which for a slow peer may be a minute of steady reading.
 */
bool sending_is_stuck(struct sending *s, const struct conn *c, struct pace_rule rule)
{
	uint64_t now_ms = loop_now_ms(c->net->loop);

	if (!s->blocked || s->pace.due_ms > now_ms)
		return false;
	uint64_t left = conn_unacknowledged(c);
	if (left < s->unacknowledged)
		pace_moved(&s->pace, now_ms, s->unacknowledged - left, rule);
	s->unacknowledged = left;
	return s->pace.due_ms <= now_ms;
}
