/*
 * stream.c - one request and its response: made when its fields begin to come in, handed to the app
 * once they are complete, ended by the session, and given back when the queue holds nothing of it
 * any more.
 *
 * The app is told exactly once how a request ended. A stream that is reset here stays in the list
 * until the session has sent the reset, but the app has heard of it already.
 */
#include "http2/stream.h"

#include "base/clock.h"
#include "http/check.h"
#include "http/wire.h"
#include "net/listener.h"
#include "net/pool.h"

/* Kept free: what a turn of a few busy connections has in hand at once; half a MiB. */
static struct pool streams = { .size = sizeof(struct h2_stream), .max = 256 };

static void on_unused(struct owner *o)
{
	struct h2_stream *x = CONTAINER_OF(o, struct h2_stream, owner);

	arena_fini(&x->request.arena);
	pool_give(&streams, x);
}

struct h2_stream *h2_stream_new(struct h2 *h, int32_t id)
{
	struct h2_stream *x = pool_take(&streams);
	struct request *r = &x->request;
	struct conn *c = h->conn;

	memset(x, 0, offsetof(struct h2_stream, fields_in));
	x->h2 = h;
	x->owner = (struct owner){ .refs = 1, .on_last = on_unused };
	x->id = id;
	x->reason = ABORT_SYNTAX;
	list_append(&h->streams, &x->node);
	h->busy = true;
	r->wire = &h2_wire;
	r->server = h->server->sites;
	r->terms = &h->server->terms;
	r->version = HTTP_2;
	r->fields.list = x->fields_in;
	r->fields.cap = H2_FIELDS_IN;
	r->response.fields.list = x->fields_out;
	r->response.fields.cap = H2_FIELDS_OUT;
	r->security = conn_security(c);
	r->secure = r->security != NULL;
	r->peer = &c->peer;
	r->local = c->listener ? &c->listener->addr : NULL;
	r->score_place = -1;
	return x;
}

static void drop(struct h2_stream *x)
{
	if (x->h2->heading == x)
		x->h2->heading = NULL;
	x->h2 = NULL;
	list_remove(&x->node);
	response_fini(&x->request);
	outq_clear(&x->reply.out);
	buf_fini(&x->content.waiting);
	owner_release(&x->owner);
}

static void hand_over(struct h2_stream *x, bool ended)
{
	struct request *r = &x->request;

	r->app = x->h2->server->app;
	x->in_app = true;
	r->app->on_head(r);
	if (ended)
		h2_content_end(x);
}

/* An error answer in place of a request. */
static void refuse(struct h2_stream *x, struct http_fault fault, bool ended)
{
	x->refused = true;
	x->content.eof = x->content.ended = ended;
	http_refuse(&x->request, fault);
}

static struct http_fault find_terms(struct h2_stream *x)
{
	const struct app *app = x->h2->server->app;

	if (app->on_route)
		app->on_route(&x->request);
	return http_check_size(&x->request);
}

static bool is_last(const struct h2_stream *x)
{
	uint32_t most = x->h2->server->limits.keepalive_requests;

	return !x->request.terms->keepalive || (most > 0 && x->h2->served >= most);
}

void h2_stream_begin(struct h2_stream *x, bool ended)
{
	struct h2 *h = x->h2;
	struct request *r = &x->request;

	x->headed = true;
	h->served++;
	h2_guard_earn(&h->guard, H2_EARN_REQUEST);
	r->received_us = h->read_us;
	r->content_length = ended ? 0 : -1;
	struct http_fault fault = h2_check(x);
	if (!fault.status)
		fault = find_terms(x);
	if (is_last(x))
		h2_leave_now(h);
	if (fault.status)
		refuse(x, fault, ended);
	else
		hand_over(x, ended);
}

static void tell_refused(struct h2_stream *x)
{
	x->refused = false;
	x->request.app = x->h2->server->app;
	x->request.app->on_refused(&x->request);
}

/* From here on its source may be anything. */
static void close_source(struct request *r)
{
	struct source *source = r->response.source;

	r->response.source = NULL;
	if (source)
		source->ops->close(source);
}

static void tell_abort(struct h2_stream *x, enum abort_reason reason)
{
	if (x->refused)
		tell_refused(x);
	if (!x->in_app)
		return;
	x->in_app = false;
	x->request.app->on_abort(&x->request, reason);
	close_source(&x->request);
}

static void tell_done(struct h2_stream *x)
{
	if (x->refused)
		tell_refused(x);
	if (!x->in_app)
		return;
	x->in_app = false;
	request_done(&x->request, x->content.ended);
}

void h2_stream_answered(struct h2_stream *x)
{
	x->reply.sent = true;
	tell_done(x);
	if (!x->content.eof)
		h2_content_discard(x);
}

void h2_stream_reset(struct h2_stream *x, uint32_t error)
{
	x->reply.failed = true;
	nghttp2_submit_rst_stream(x->h2->session, NGHTTP2_FLAG_NONE, x->id, error);
	h2_kick(x->h2);
}

void h2_stream_fail(struct h2_stream *x, enum abort_reason reason, struct http_fault fault)
{
	struct response *response = &x->request.response;

	if (x->reply.started || !x->in_app) {
		tell_abort(x, reason);
		h2_stream_reset(x, NGHTTP2_CANCEL);
		return;
	}
	response->status = fault.status;
	tell_abort(x, reason);
	response_fini(&x->request);
	*response = (struct response){ .fields = { x->fields_out, 0, H2_FIELDS_OUT, 0 } };
	http_refuse(&x->request, fault);
}

void h2_stream_cut(struct h2_stream *x, enum abort_reason reason)
{
	tell_abort(x, reason);
	drop(x);
}

/* The library found its fields malformed, and has reset it. */
static void tell_malformed(struct h2_stream *x)
{
	x->request.received_us = clock_mono_us();
	x->request.response.status = 400;
	x->request.response.note = "malformed fields (RFC 9113 8.1.1)";
	tell_refused(x);
}

void h2_stream_closed(struct h2_stream *x)
{
	struct h2 *h = x->h2;
	bool by_peer = x->content.eof || x->by_peer;
	struct h2_fault fault = { 0 };

	if (x->reply.sent) {
		h2_guard_completed(&h->guard, (uint32_t)x->id, by_peer);
	} else {
		fault = h2_guard_broken(&h->guard, (uint32_t)x->id, by_peer, h2_now_ms(h));
		if (!x->headed && !x->by_peer)
			tell_malformed(x);
		tell_abort(x, x->by_peer ? ABORT_PEER : x->reason);
	}
	drop(x);
	if (fault.error)
		h2_give_up(h, fault);
}
