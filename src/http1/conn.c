/*
 * conn.c - HTTP/1 on a connection: the states, the loop that drives them, the deadlines (RFC 9112
 * section 9).
 *
 * Each step function does all that can be done in its state and says whether it is worth going
 * round again. Pipelined requests go round the same loop, so a hundred of them nest no deeper than
 * one; their small responses collect in the queue and go out in one call.
 *
 * Reads go on until the socket is empty. The one exception saves a call for the usual request: one
 * read brought it whole with nothing behind it, and conn_drained vouches that an edge will tell of
 * more.
 */
#include "http1/http1.h"

#include "http/idle.h"
#include "http1/engine.h"
#include "http1/write.h"
#include "net/pool.h"

#include <assert.h>

enum {
	/* Responses of pipelined requests collect up to this many bytes: more is what the socket
	   would not take in one call. */
	BATCH_MAX = 64 << 10,
	/* While the worker drains: a client that has just sent, or is about to, gets an answer that
	   says close, not a reset. */
	DRAIN_GRACE_MS = 1000,
};

static const struct http_fault too_slow = { 408, "request took too long (RFC 9110 15.5.9)" };

static struct pool states = { .size = sizeof(struct h1), .max = 256 };

uint64_t h1_idle_ms(const struct h1 *h)
{
	return http_idle_ms(h->server, h1_now_ms(h));
}

/* The due time of a state that has one. The first head has its time from accept on, waiting
 * included. */
static void set_due(struct h1 *h, uint64_t due_ms)
{
	uint64_t grace_end = h1_now_ms(h) + DRAIN_GRACE_MS;

	if (h->state == H1_HEAD && h->served == 0)
		return;
	if (h->state == H1_WAIT && h->conn->net->draining && due_ms > grace_end)
		due_ms = grace_end;
	h->due_ms = due_ms;
}

void h1_set_state(struct h1 *h, enum h1_state state)
{
	static const unsigned allowed[] = {
		[H1_WAIT] = 1 << H1_HEAD | 1 << H1_LEFT | 1 << H1_CLOSED,
		[H1_HEAD] = 1 << H1_BUSY | 1 << H1_CLOSED,
		[H1_BUSY] = 1 << H1_WAIT | 1 << H1_DISCARD | 1 << H1_CLOSED,
		[H1_DISCARD] = 1 << H1_WAIT | 1 << H1_CLOSED,
		[H1_LEFT] = 0,
		[H1_CLOSED] = 0,
	};

	assert(allowed[h->state] & 1u << state);
	h->state = state;
	if (state == H1_WAIT)
		set_due(h, h1_now_ms(h) + h1_idle_ms(h));
	else if (state == H1_HEAD)
		set_due(h, h1_now_ms(h) + (uint64_t)h->server->timeouts.header_ms);
}

void h1_defer(struct h1_exchange *x)
{
	if (x->kick.queued)
		return;
	owner_hold(&x->owner);
	loop_defer(x->h1->conn->net->loop, &x->kick);
}

void h1_kick(struct h1_exchange *x)
{
	if (x->h1->running)
		x->h1->again = true;
	else
		h1_defer(x);
}

/* The end, where there is nothing to tell the peer but what is in the queue already. */
static void hang_up(struct h1 *h)
{
	if (h->exchange)
		h1_exchange_drop(h);
	h1_set_state(h, H1_CLOSED);
	if (outq_empty(&h->conn->out))
		conn_finish(h->conn);
	else
		conn_linger(h->conn);
}

static struct pace_rule send_rule(const struct h1 *h)
{
	return http_send_rule(h->exchange ? h->exchange->request.terms : &h->server->terms);
}

/* As conn_flush; keeps the pace of a peer that takes too little. */
static int flush(struct h1 *h)
{
	return sending_flush(&h->sending, h->conn, send_rule(h));
}

/* The unread part of a head moves to the front of the buffer, or to a larger one; what is parsed of
 * it follows. */
static int make_room(struct h1 *h)
{
	struct conn *c = h->conn;
	uintptr_t old = (uintptr_t)(c->in + c->in_pos);
	size_t max = h1_head_max(&h->server->limits) + 1;
	size_t room = c->in_pos > 0 ? c->in_cap : c->in_cap * 2;

	if (max < CONN_BUFFER)
		max = CONN_BUFFER;
	int rc = conn_grow(c, room < max ? room : max, max);
	h1_rebase(&h->exchange->request, (ptrdiff_t)((uintptr_t)(c->in + c->in_pos) - old));
	return rc;
}

/* More of a head, after all answers so far are on their way. True if bytes came. */
static bool read_head(struct h1 *h)
{
	int rc = flush(h);

	if (rc == OK || rc == ERR_AGAIN) {
		rc = conn_read(h->conn);
		if (rc == ERR_FULL && make_room(h) == OK)
			rc = conn_read(h->conn);
	}
	if (rc == OK)
		return true;
	if (rc != ERR_AGAIN)
		hang_up(h);
	return false;
}

/* Whether a first request may be, or is, the preface of HTTP/2 (RFC 9113 section 3.4). */
static bool may_be_http2(const struct h1 *h, struct slice bytes)
{
	return h->state == H1_WAIT && h->served == 0 && h->server->http2 &&
	       slice_starts(http2_preface, slice_head(bytes, http2_preface.len));
}

static bool step_head(struct h1 *h)
{
	struct slice bytes = conn_peek(h->conn);

	/* A peer that sends requests but does not take the answers. */
	if (h->conn->out.bytes >= BATCH_MAX && flush(h) == ERR_AGAIN)
		return false;
	if (bytes.len == 0 && conn_drained(h->conn)) {
		int rc = flush(h);
		if (rc != OK && rc != ERR_AGAIN)
			hang_up(h);
		return false;
	}
	if (bytes.len == 0)
		return read_head(h);
	if (may_be_http2(h, bytes)) {
		if (bytes.len < http2_preface.len)
			return read_head(h);
		h1_set_state(h, H1_LEFT);
		return false;
	}
	if (!h->exchange) {
		conn_set_idle(h->conn, false);
		h->exchange = h1_exchange_new(h);
		h1_set_state(h, H1_HEAD);
	}
	switch (h1_parse_head(&h->exchange->parser, bytes, &h->exchange->request)) {
	case H1_NEED_MORE:
		return read_head(h);
	case H1_DONE:
		h1_exchange_begin(h);
		return true;
	case H1_BAD:
		h1_refuse(h, h->exchange->parser.fault);
		return true;
	}
	return false;
}

/* Content first: what the handler does with it may be its answer. False if the exchange is over. */
static bool pump_content(struct h1 *h, bool *moved_out)
{
	struct h1_exchange *x = h->exchange;

	switch (h1_content_pump(x)) {
	case H1_FLOW_MOVED:
		*moved_out = true;
		return true;
	case H1_FLOW_BLOCKED:
		return true;
	case H1_FLOW_CLOSED:
		h1_exchange_abort(h, ABORT_PEER);
		return false;
	case H1_FLOW_FAULT:
		h1_exchange_fail(
		    h, ABORT_SYNTAX, (struct http_fault){ 400, x->content.chunked.reason });
		break;
	case H1_FLOW_LARGE:
		h1_exchange_fail(h, ABORT_TOO_LARGE, http_too_large);
		break;
	}
	*moved_out = true;
	return h->state == H1_BUSY;
}

/* Further requests wait behind a response that is short: they can share a call. */
static bool can_batch(const struct h1 *h)
{
	const struct h1_exchange *x = h->exchange;

	return x->keep && x->content.ended && !h->sending.blocked &&
	       h->conn->out.bytes < BATCH_MAX && conn_peek(h->conn).len > 0;
}

/*
 * While the handler takes its time: reads ahead, up to a bound, so that a connection that breaks is
 * noticed and the handler can stop. A half-closed one still gets its answer.
 */
static bool read_ahead(struct h1 *h)
{
	struct conn *c = h->conn;
	int rc = OK;

	if (!h->exchange->content.ended || !h->exchange->in_app || conn_drained(c))
		return true;
	while (rc == OK && conn_peek(c).len < h->server->limits.pipeline)
		rc = conn_read(c);
	if (rc != ERR_CLOSED || conn_eof(c))
		return true;
	h1_exchange_abort(h, ABORT_PEER);
	return false;
}

static bool step_busy(struct h1 *h)
{
	struct h1_exchange *x = h->exchange;
	bool moved = false;

	h->again = false;
	if (!pump_content(h, &moved))
		return false;
	moved |= h1_reply_pump(x);
	if (x->reply.failed) {
		h1_exchange_abort(h, ABORT_SOURCE);
		return false;
	}
	if (x->reply.queued && can_batch(h)) {
		h1_exchange_finish(h);
		return true;
	}
	bool held_back = !outq_empty(&h->conn->out);
	int rc = flush(h);
	/* The queue may have been too long to pull; no event will tell that it is not any more. */
	moved |= held_back && rc == OK;
	if (rc != OK && rc != ERR_AGAIN) {
		h1_exchange_abort(h, rc == ERR_IO ? ABORT_SOURCE : ABORT_PEER);
		return false;
	}
	if (rc == OK && x->reply.queued) {
		h1_exchange_finish(h);
		return true;
	}
	return read_ahead(h) && (moved || h->again);
}

static bool step_discard(struct h1 *h)
{
	enum h1_flow flow = h1_content_pump(h->exchange);

	if (h->exchange->content.ended) {
		h1_exchange_drop(h);
		conn_release_in(h->conn);
		h1_set_state(h, H1_WAIT);
		return true;
	}
	if (flow == H1_FLOW_BLOCKED || flow == H1_FLOW_MOVED)
		return false;
	h1_exchange_drop(h);
	h1_set_state(h, H1_CLOSED);
	conn_linger(h->conn);
	return false;
}

static bool step(struct h1 *h)
{
	switch (h->state) {
	case H1_WAIT:
	case H1_HEAD:
		return step_head(h);
	case H1_BUSY:
		return step_busy(h);
	case H1_DISCARD:
		return step_discard(h);
	case H1_LEFT:
	case H1_CLOSED:
		break;
	}
	return false;
}

/* When the peer's patience, or ours with it, ends: the earliest of what is being waited for. 0:
 * nothing of the peer's. */
static uint64_t next_due(const struct h1 *h)
{
	uint64_t due = 0;

	if (h->state == H1_WAIT || h->state == H1_HEAD)
		due = h->due_ms;
	else if (h1_content_flows(h->exchange))
		due = h->exchange->content.pace.due_ms;
	if (h->sending.blocked && (due == 0 || h->sending.pace.due_ms < due))
		due = h->sending.pace.due_ms;
	return due;
}

void h1_run(struct h1 *h)
{
	if (h->state == H1_CLOSED || conn_ending(h->conn))
		return;
	h->running = true;
	h->pulled = 0;
	while (step(h))
		;
	h->running = false;
	if (h->state == H1_CLOSED)
		return;
	if (h->state == H1_LEFT) {
		conn_switch(h->conn, h->server->http2);
		return;
	}
	conn_set_deadline(h->conn, next_due(h));
	/* One that has not said anything yet is not idle: its first request is under way. */
	if (h->state == H1_WAIT && h->served > 0)
		conn_set_idle(h->conn, true);
}

static void on_open(struct conn *c)
{
	struct h1 *h = pool_take(&states);

	*h = (struct h1){ .conn = c, .server = c->server, .state = H1_WAIT };
	set_due(h, h1_now_ms(h) + (uint64_t)h->server->timeouts.header_ms);
	c->state = h;
	conn_set_deadline(c, h->due_ms);
	h1_write_set_time(loop_wall_s(c->net->loop)); /* for refusals of others, too */
}

static void on_ready(struct conn *c)
{
	h1_run(c->state);
}

/* A client that has sent nothing but the empty line behind its last content waits as silently as
 * any. */
static bool has_begun(const struct h1 *h)
{
	const struct h1_parser *p = &h->exchange->parser;

	return p->fields_at || conn_peek(h->conn).len > p->line;
}

static void cut(struct h1 *h)
{
	if (h->exchange)
		h1_exchange_abort(h, ABORT_TIMEOUT);
	else
		h1_set_state(h, H1_CLOSED);
	conn_close(h->conn);
}

static void on_expired(struct conn *c)
{
	struct h1 *h = c->state;

	if (sending_is_stuck(&h->sending, h->conn, send_rule(h))) {
		cut(h);
		return;
	}
	/* Patience has grown meanwhile, or it was another deadline. */
	if (next_due(h) > h1_now_ms(h)) {
		conn_set_deadline(c, next_due(h));
		return;
	}
	switch (h->state) {
	case H1_HEAD:
		if (has_begun(h))
			h1_refuse(h, too_slow);
		else
			hang_up(h);
		break;
	case H1_BUSY:
		h1_exchange_fail(h, ABORT_TIMEOUT, too_slow);
		break;
	case H1_WAIT:
	case H1_DISCARD:
		hang_up(h);
		break;
	case H1_LEFT:
	case H1_CLOSED:
		break;
	}
	h1_run(h);
}

static void on_drain(struct conn *c)
{
	struct h1 *h = c->state;

	if (h->state != H1_WAIT)
		return;
	set_due(h, h->due_ms);
	conn_set_deadline(c, next_due(h));
}

static int on_cull(struct conn *c)
{
	struct h1 *h = c->state;

	if (h->state != H1_WAIT || !outq_empty(&c->out))
		return 0;
	hang_up(h);
	return 1;
}

static void on_close(struct conn *c)
{
	struct h1 *h = c->state;

	if (h->exchange)
		h1_exchange_abort(h, ABORT_SHUTDOWN);
	pool_give(&states, h);
	c->state = NULL;
}

const struct protocol http1_protocol = {
	.name = "http",
	.alpn = "http/1.1",
	.open = on_open,
	.readable = on_ready,
	.writable = on_ready,
	.expired = on_expired,
	.drain = on_drain,
	.cull = on_cull,
	.close = on_close,
};
