/*
 * conn.c - HTTP/2 on a connection: the loop that drives its session, the deadlines, the ways to
 * end.
 *
 * A run reads and feeds until the socket is empty, then writes until the session has no more frames
 * or the socket is full. All that came together is answered together: frames of many streams go out
 * in one call, in the order that the peer prefers.
 */
#include "http2/stream.h"

#include "base/log.h"
#include "http/idle.h"
#include "http2/http2.h"
#include "net/pool.h"

#include <assert.h>

enum {
	/* Between "no more" and "no more from here on": a round trip if the peer answers our PING,
	 * so much if it does not. */
	GRACE_MS = 1000,
	/* Content queued for one connection in one run at most, so that a fast reader does not stop
	 * the others. */
	PULL_SHARE = 1 << 20,
};

static const struct http_fault too_slow = { 408, "response was taken too slowly" };

static struct pool states = { .size = sizeof(struct h2), .max = 256 };

static void set_state(struct h2 *h, enum h2_state state)
{
	static const unsigned allowed[] = {
		[H2_OPEN] = 1 << H2_NOTICE | 1 << H2_LEAVING | 1 << H2_CLOSED,
		[H2_NOTICE] = 1 << H2_LEAVING | 1 << H2_CLOSED,
		[H2_LEAVING] = 1 << H2_CLOSED,
		[H2_CLOSED] = 0,
	};

	assert(allowed[h->state] & 1u << state);
	h->state = state;
}

void h2_kick(struct h2 *h)
{
	if (h->running)
		h->again = true;
	else
		loop_defer(h->conn->net->loop, &h->kick);
}

static void tell_of(const struct h2 *h, struct h2_fault fault)
{
	static struct log_gate gate;
	char peer[NET_ADDR_TEXT];
	size_t len = net_addr_host(&h->conn->peer, peer);

	if (fault.error == NGHTTP2_ENHANCE_YOUR_CALM)
		log_gated(&gate, LOG_LEVEL_NOTICE, "HTTP/2 client " SLICE_FMT " is given up: %s",
		    (int)len, peer, fault.reason);
	else
		log_debug("HTTP/2 client " SLICE_FMT ": %s", (int)len, peer, fault.reason);
}

void h2_give_up(struct h2 *h, struct h2_fault fault)
{
	if (h->fault.error)
		return;
	h->fault = fault;
	tell_of(h, fault);
	nghttp2_session_terminate_session(h->session, fault.error);
}

void h2_leave(struct h2 *h)
{
	if (h->state != H2_OPEN)
		return;
	set_state(h, H2_NOTICE);
	h->grace_due_ms = h2_now_ms(h) + GRACE_MS;
	nghttp2_submit_shutdown_notice(h->session);
	h2_kick(h);
}

/* Its answer says that the client has seen the notice, and whatever it sent before. The library
 * would send a PING that was submitted at once before it. */
void h2_notice_sent(struct h2 *h)
{
	static const uint8_t mark[8] = "goodbye";

	if (h->state == H2_NOTICE)
		nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, mark);
}

void h2_leave_now(struct h2 *h)
{
	if (h->state > H2_NOTICE)
		return;
	set_state(h, H2_LEAVING);
	nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR, NULL, 0);
	h2_kick(h);
}

static void cut_streams(struct h2 *h, enum abort_reason reason)
{
	LIST_EACH_SAFE (node, &h->streams)
		h2_stream_cut(CONTAINER_OF(node, struct h2_stream, node), reason);
}

/* There is nobody to talk to any more. */
static void cut(struct h2 *h, enum abort_reason reason)
{
	cut_streams(h, reason);
	set_state(h, H2_CLOSED);
	conn_close(h->conn);
}

/* The end, with what is in the queue as the last words. */
static void hang_up(struct h2 *h)
{
	cut_streams(h, ABORT_PEER);
	set_state(h, H2_CLOSED);
	if (outq_empty(&h->conn->out) && conn_eof(h->conn))
		conn_finish(h->conn);
	else
		conn_linger(h->conn);
}

static bool may_read(const struct h2 *h)
{
	return !h->eof && !h->fault.error && h2_session_has_room(h);
}

/* A turn's only read brought whole frames: that is what was waited for, so there is no need to ask
 * for more (see conn_read). */
static void read_all(struct h2 *h)
{
	struct conn *c = h->conn;
	int rc = OK;
	bool began_whole = false;

	h->read_us = loop_seen_us(h->conn->net->loop);
	while (rc == OK && may_read(h)) {
		h2_session_feed(h);
		conn_release_in(c);
		bool whole = h2_session_at_rest(h);
		if (conn_peek(c).len > 0 || (conn_drained(c) && began_whole && whole))
			return;
		began_whole = whole;
		rc = conn_read(c);
	}
	h->eof |= rc == ERR_CLOSED;
}

/* The queue is every stream's: it has the patience of the most patient one. Each stream's own is
 * its reply's pace. */
static struct pace_rule send_rule(const struct h2 *h)
{
	struct pace_rule most = { 0 };

	if (list_empty(&h->streams))
		return http_send_rule(&h->server->terms);
	LIST_EACH (node, &h->streams) {
		const struct h2_stream *x = CONTAINER_OF(node, struct h2_stream, node);
		struct pace_rule rule = http_send_rule(x->request.terms);
		if (most.timeout_ms == 0 || rule.min_rate < most.min_rate)
			most.min_rate = rule.min_rate;
		if (rule.timeout_ms > most.timeout_ms)
			most.timeout_ms = rule.timeout_ms;
	}
	return most;
}

static int write_all(struct h2 *h)
{
	int rc;

	do {
		h2_session_produce(h);
		rc = sending_flush(&h->sending, h->conn, send_rule(h));
	} while (rc == OK && h->paused && h->pulled < PULL_SHARE);
	if (rc == OK && h->paused)
		loop_defer(h->conn->net->loop, &h->kick);
	return rc;
}

static void pump(struct h2 *h)
{
	if (!h->woken)
		return;
	h->woken = false;
	LIST_EACH_SAFE (node, &h->streams)
		h2_content_pump(CONTAINER_OF(node, struct h2_stream, node));
}

static void earlier(uint64_t *due_ms, uint64_t other_ms)
{
	if (other_ms > 0 && (*due_ms == 0 || other_ms < *due_ms))
		*due_ms = other_ms;
}

/* When the peer's patience, or ours with it, ends: the earliest of what is being waited for. 0:
 * nothing of the peer's. */
static uint64_t next_due(struct h2 *h)
{
	uint64_t due = h->head_due_ms;

	if (h->state == H2_NOTICE)
		earlier(&due, h->grace_due_ms);
	if (h->sending.blocked)
		earlier(&due, h->sending.pace.due_ms);
	if (list_empty(&h->streams))
		earlier(&due, h->due_ms);
	LIST_EACH (node, &h->streams) {
		struct h2_stream *x = CONTAINER_OF(node, struct h2_stream, node);
		if (h2_content_flows(x))
			earlier(&due, x->content.pace.due_ms);
		if (!h2_reply_is_due(x))
			continue;
		/* Most replies are out before anybody looks at the clock. */
		if (x->reply.pace.due_ms == 0)
			pace_start(&x->reply.pace, h2_now_ms(h), http_send_rule(x->request.terms));
		earlier(&due, x->reply.pace.due_ms);
	}
	return due;
}

static void set_deadlines(struct h2 *h)
{
	bool idle = list_empty(&h->streams);

	if (idle && h->busy)
		h->due_ms = h2_now_ms(h) + http_idle_ms(h->server, h2_now_ms(h));
	h->busy = !idle;
	if (!h2_session_in_head(h))
		h->head_due_ms = 0;
	else if (h->head_due_ms == 0)
		h->head_due_ms = h2_now_ms(h) + (uint64_t)h->server->timeouts.header_ms;
	conn_set_deadline(h->conn, next_due(h));
	/* One that has not asked for anything yet is not idle: its first request is under way. */
	conn_set_idle(h->conn, idle && h->served > 0 && outq_empty(&h->conn->out));
}

/* A stream whose frames the peer's window holds back, and not the queue or another stream's
 * precedence. */
static bool is_held_back(const struct h2_stream *x)
{
	nghttp2_session *session = x->h2->session;

	return nghttp2_session_get_stream_remote_window_size(session, x->id) <= 0 ||
	       nghttp2_session_get_remote_window_size(session) <= 0;
}

/* The peer has shut down its side: neither content nor room for more will come. What needs neither
 * goes on. */
static void cut_hopeless(struct h2 *h)
{
	LIST_EACH_SAFE (node, &h->streams) {
		struct h2_stream *x = CONTAINER_OF(node, struct h2_stream, node);
		if (!x->content.eof || (h2_reply_is_due(x) && is_held_back(x)))
			h2_stream_cut(x, ABORT_PEER);
	}
}

static bool is_over(const struct h2 *h)
{
	if (h->fault.error || (h->eof && list_empty(&h->streams)))
		return true;
	return !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session);
}

static void run(struct h2 *h)
{
	int rc;

	if (h->state == H2_CLOSED || conn_ending(h->conn))
		return;
	h->running = true;
	h->pulled = 0;
	do {
		h->again = false;
		read_all(h);
		pump(h);
		rc = write_all(h);
	} while ((rc == OK || rc == ERR_AGAIN) &&
		 (h->again || (conn_peek(h->conn).len > 0 && may_read(h))));
	h->running = false;
	if (h->eof)
		cut_hopeless(h);
	if ((rc != OK && rc != ERR_AGAIN) || (h->eof && !conn_eof(h->conn)))
		cut(h, rc == ERR_IO ? ABORT_SOURCE : ABORT_PEER);
	else if (is_over(h))
		hang_up(h);
	else
		set_deadlines(h);
}

static void on_kick(struct task *t)
{
	struct h2 *h = CONTAINER_OF(t, struct h2, kick);

	if (h->conn)
		run(h);
	else
		pool_give(&states, h);
}

static void on_open(struct conn *c)
{
	struct h2 *h = pool_take(&states);

	*h = (struct h2){ .conn = c, .server = c->server, .kick = { .run = on_kick } };
	list_init(&h->streams);
	h->due_ms = h2_now_ms(h) + (uint64_t)h->server->timeouts.header_ms;
	h2_guard_init(&h->guard, &h->server->limits, h2_now_ms(h));
	h2_session_open(h);
	c->state = h;
	conn_set_deadline(c, h->due_ms);
	if (c->net->draining)
		h2_leave(h);
}

static void on_ready(struct conn *c)
{
	run(c->state);
}

static void expire_stream(struct h2_stream *x)
{
	struct h2 *h = x->h2;
	uint64_t now_ms = h2_now_ms(h);

	if (h2_content_flows(x) && x->content.pace.due_ms <= now_ms)
		h2_content_expired(x);
	else if (!h2_reply_is_due(x) || x->reply.pace.due_ms > now_ms)
		return;
	else if (is_held_back(x))
		h2_stream_fail(x, ABORT_TIMEOUT, too_slow);
	else
		pace_start(&x->reply.pace, now_ms, http_send_rule(x->request.terms));
}

static void on_expired(struct conn *c)
{
	struct h2 *h = c->state;
	uint64_t now_ms = h2_now_ms(h);

	if (sending_is_stuck(&h->sending, c, send_rule(h))) {
		cut(h, ABORT_TIMEOUT);
		return;
	}
	if (h->head_due_ms && h->head_due_ms <= now_ms)
		h2_give_up(
		    h, (struct h2_fault){ NGHTTP2_ENHANCE_YOUR_CALM, "fields took too long" });
	if (list_empty(&h->streams) && h->due_ms <= now_ms)
		h2_leave_now(h);
	if (h->state == H2_NOTICE && h->grace_due_ms <= now_ms)
		h2_leave_now(h);
	LIST_EACH_SAFE (node, &h->streams)
		expire_stream(CONTAINER_OF(node, struct h2_stream, node));
	run(h);
}

static void on_drain(struct conn *c)
{
	h2_leave(c->state);
}

static int on_cull(struct conn *c)
{
	struct h2 *h = c->state;

	if (!list_empty(&h->streams) || !outq_empty(&c->out) || h->state == H2_CLOSED)
		return 0;
	h2_leave_now(h);
	run(h);
	return 1;
}

static void on_close(struct conn *c)
{
	struct h2 *h = c->state;

	cut_streams(h, ABORT_SHUTDOWN);
	h2_session_close(h);
	h->conn = NULL;
	if (!h->kick.queued)
		pool_give(&states, h);
	c->state = NULL;
}

const struct protocol http2_protocol = {
	.alpn = "h2",
	.open = on_open,
	.readable = on_ready,
	.writable = on_ready,
	.expired = on_expired,
	.drain = on_drain,
	.cull = on_cull,
	.close = on_close,
};
