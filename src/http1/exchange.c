/*
 * exchange.c - one request and its response: made for the first byte of a head, handed to the app,
 * ended in one of four ways (answered, refused, failed, aborted), and given back when the queue
 * holds nothing of it any more.
 *
 * The app is told exactly once how a request ended, and never from within a call of its own: what
 * it asks for is noted, and h1_run acts on it (see h1_kick). So a request that was answered is
 * there until whoever answered has returned.
 */
#include "http1/engine.h"

#include "base/clock.h"
#include "http/check.h"
#include "http/wire.h"
#include "http1/check.h"
#include "net/listener.h"
#include "net/pool.h"

/* Kept free: more are in hand at once only while they wait for something slower than malloc. */
static struct pool exchanges = { .size = sizeof(struct h1_exchange), .max = 64 };

static void on_unused(struct owner *o)
{
	struct h1_exchange *x = CONTAINER_OF(o, struct h1_exchange, owner);

	arena_fini(&x->request.arena);
	pool_give(&exchanges, x);
}

static void on_kick(struct task *t)
{
	struct h1_exchange *x = CONTAINER_OF(t, struct h1_exchange, kick);

	if (x->h1)
		h1_run(x->h1);
	owner_release(&x->owner);
}

struct h1_exchange *h1_exchange_new(struct h1 *h)
{
	struct h1_exchange *x = pool_take(&exchanges);
	struct request *r = &x->request;
	struct conn *c = h->conn;

	memset(x, 0, offsetof(struct h1_exchange, fields_in));
	x->h1 = h;
	x->owner = (struct owner){ .refs = 1, .on_last = on_unused };
	x->kick.run = on_kick;
	h1_parser_init(&x->parser, &h->server->limits);
	r->wire = &h1_wire;
	r->server = h->server->sites;
	r->terms = &h->server->terms;
	r->version = HTTP_1_1;
	r->fields.list = x->fields_in;
	r->fields.cap = H1_FIELDS_IN;
	r->response.fields.list = x->fields_out;
	r->response.fields.cap = H1_FIELDS_OUT;
	r->security = conn_security(c);
	r->secure = r->security != NULL;
	r->astray = h->server->astray;
	r->peer = &c->peer;
	r->local = c->listener ? &c->listener->addr : NULL;
	r->score_place = -1;
	return x;
}

void h1_exchange_drop(struct h1 *h)
{
	struct h1_exchange *x = h->exchange;

	h->exchange = NULL;
	x->h1 = NULL;
	response_fini(&x->request);
	owner_release(&x->owner);
}

/* The content will overwrite the read buffer: the head moves to the arena before anybody has seen a
 * slice of it. */
static void save_head(struct h1_exchange *x, struct slice head)
{
	char *copy = arena_bytes(&x->request.arena, head.len);

	memcpy(copy, head.ptr, head.len);
	h1_rebase(&x->request, (ptrdiff_t)((uintptr_t)copy - (uintptr_t)head.ptr));
}

static struct http_fault find_terms(struct h1_exchange *x)
{
	const struct app *app = x->h1->server->app;

	if (app->on_route)
		app->on_route(&x->request);
	return http_check_size(&x->request);
}

static void hand_over(struct h1_exchange *x)
{
	struct request *r = &x->request;

	h1_content_begin(x);
	r->app = x->h1->server->app;
	x->in_app = true;
	r->app->on_head(r);
	if (r->content_length == 0) {
		x->content.ended = true;
		r->app->on_end(r);
	}
}

void h1_exchange_begin(struct h1 *h)
{
	const uint32_t with_content =
	    UINT32_C(1) << FIELD_CONTENT_LENGTH | UINT32_C(1) << FIELD_TRANSFER_ENCODING;
	struct h1_exchange *x = h->exchange;
	struct request *r = &x->request;
	struct slice head = slice_head(conn_peek(h->conn), x->parser.line);
	bool keep;

	if (r->fields.present & with_content)
		save_head(x, head);
	conn_consume(h->conn, head.len);
	r->received_us = loop_seen_us(h->conn->net->loop);
	struct http_fault fault = h1_check(r, &keep);
	if (!fault.status)
		fault = find_terms(x);
	if (!fault.status)
		fault = h1_content_preview(x);
	if (fault.status) {
		h1_refuse(h, fault);
		return;
	}
	x->keep = keep;
	x->last = !keep;
	h1_set_state(h, H1_BUSY);
	hand_over(x);
}

static void answer_fault(struct h1_exchange *x, struct http_fault fault)
{
	struct request *r = &x->request;

	x->keep = false;
	x->content.ended = true; /* whatever else comes is not looked at */
	r->response.close = true;
	http_refuse(r, fault);
}

void h1_refuse(struct h1 *h, struct http_fault fault)
{
	h1_set_state(h, H1_BUSY);
	h->exchange->refused = true;
	if (h->exchange->request.received_us == 0)
		h->exchange->request.received_us = clock_mono_us();
	answer_fault(h->exchange, fault);
}

/* What is still in the queue was not sent. The head, if it is in there, makes this a little too
 * much. */
static void discount_unsent(struct h1_exchange *x)
{
	uint64_t unsent = x->h1->conn->out.bytes;

	if (unsent > x->request.content_sent)
		unsent = x->request.content_sent;
	x->request.content_sent -= unsent;
}

/* A refusal that did not get out is for the log all the same. */
static void tell_refused(struct h1_exchange *x)
{
	x->refused = false;
	x->request.app = x->h1->server->app;
	x->request.app->on_refused(&x->request);
}

static void tell_abort(struct h1_exchange *x, enum abort_reason reason)
{
	discount_unsent(x);
	if (x->refused)
		tell_refused(x);
	if (!x->in_app)
		return;
	x->in_app = false;
	x->request.app->on_abort(&x->request, reason);
}

void h1_exchange_abort(struct h1 *h, enum abort_reason reason)
{
	tell_abort(h->exchange, reason);
	h1_exchange_drop(h);
	h1_set_state(h, H1_CLOSED);
	conn_close(h->conn);
}

void h1_exchange_fail(struct h1 *h, enum abort_reason reason, struct http_fault fault)
{
	struct h1_exchange *x = h->exchange;
	struct response *response = &x->request.response;

	if (x->reply.started || !x->in_app) {
		h1_exchange_abort(h, reason);
		return;
	}
	response->status = fault.status;
	tell_abort(x, reason);
	response_fini(&x->request);
	*response = (struct response){ .fields = { x->fields_out, 0, H1_FIELDS_OUT, 0 } };
	answer_fault(x, fault);
}

static void tell_done(struct h1_exchange *x)
{
	if (x->refused)
		tell_refused(x);
	if (!x->in_app)
		return;
	x->in_app = false;
	request_done(&x->request, x->content.ended);
}

/* Nothing of the client's is unread and nothing more will come: the kernel has no reason to answer
 * with a reset, so there is no need to wait for its end. */
static bool can_close_now(const struct h1_exchange *x)
{
	struct conn *c = x->h1->conn;

	return x->last && x->content.ended && conn_peek(c).len == 0 && conn_drained(c);
}

void h1_exchange_finish(struct h1 *h)
{
	struct h1_exchange *x = h->exchange;

	tell_done(x);
	h->served++;
	if (x->keep && !x->content.ended) {
		h1_set_state(h, H1_DISCARD);
		h1_content_discard(x);
		return;
	}
	bool keep = x->keep;
	bool close_now = can_close_now(x);
	h1_exchange_drop(h);
	if (keep) {
		conn_release_in(h->conn);
		h1_set_state(h, H1_WAIT);
		return;
	}
	h1_set_state(h, H1_CLOSED);
	if (close_now)
		conn_finish(h->conn);
	else
		conn_linger(h->conn);
}
