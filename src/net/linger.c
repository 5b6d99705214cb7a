/*
 * linger.c - the polite end of a connection whose peer may still be talking.
 *
 * Closing a socket with unread bytes makes the kernel send a reset, and a reset makes the peer's
 * kernel throw away what it has not read yet: our answer. So our side is shut down, and what comes
 * is read until the peer closes too. RFC 9112 section 9.6 describes this for HTTP; nothing here
 * knows of HTTP.
 */
#include "net/conn_impl.h"

enum {
	/* Lingering connections of a worker, each good for one descriptor and 2 s: the first one to
	   linger gives way. */
	LINGERING_MAX = 512,
	SCRATCH = 64 << 10,
};

static void set_due(struct conn *c)
{
	conn_arm(c, loop_now_ms(c->net->loop) + NET_LINGER_MS);
}

/* Reads what is there; OK: all of it, or enough for this turn. */
static int discard(struct conn *c)
{
	static char scratch[SCRATCH];
	while (c->flags & CONN_READABLE) {
		if (c->turn_in >= CONN_SHARE) {
			conn_requeue(c);
			return OK;
		}
		ssize_t n = c->transport->recv(c, scratch, sizeof(scratch));
		if (n == ERR_AGAIN) {
			c->flags &= ~CONN_READABLE;
			return OK;
		}
		if (n <= 0)
			return ERR_CLOSED;
		c->turn_in += (unsigned)n;
		c->linger_bytes += (uint64_t)n;
		if (c->linger_bytes > NET_LINGER_BYTES)
			return ERR_FULL;
	}
	return OK;
}

static int shut(struct conn *c)
{
	if (c->flags & CONN_SHUT)
		return OK;
	int rc = c->transport->shutdown(c);
	if (rc < 0)
		return rc;
	c->flags |= CONN_SHUT;
	c->linger_bytes = 0;
	set_due(c);
	/* The usual case, the whole request read and nothing behind it: the edge of the peer's end
	 * will tell. */
	return conn_drained(c) ? ERR_AGAIN : OK;
}

static int step(struct conn *c)
{
	int rc = conn_flush(c);
	if (rc == OK && (c->flags & CONN_EOF)) {
		conn_finish(c); /* the peer has closed already: nothing can come */
		return OK;
	}
	if (rc == OK)
		rc = shut(c);
	if (rc == OK)
		rc = discard(c);
	return rc == ERR_AGAIN ? OK : rc;
}

void linger_continue(struct conn *c)
{
	conn_drop_in(c);
	if (step(c) < 0)
		conn_close(c);
}

void linger_expired(struct conn *c)
{
	if ((c->flags & CONN_SHUT) || c->out.bytes + NET_LINGER_STEP > c->linger_bytes) {
		conn_close(c);
		return;
	}
	c->linger_bytes = c->out.bytes;
	set_due(c);
}

static void make_room(struct net_worker *net)
{
	if (net->lingering_count < LINGERING_MAX)
		return;
	conn_close(CONTAINER_OF(net->lingering.next, struct conn, idle_node));
}

/* The read buffer stays for this turn: the engine may have slices into it. */
void conn_linger(struct conn *c)
{
	if (conn_ending(c))
		return;
	conn_set_idle(c, false);
	make_room(c->net);
	c->flags |= CONN_LINGERING;
	list_append(&c->net->lingering, &c->idle_node);
	c->net->lingering_count++;
	score_shift(&score_self()->closing, 1);
	c->linger_bytes = c->out.bytes;
	set_due(c);
	if (step(c) < 0)
		conn_close(c);
}
