/*
 * chain.c - the way of a request through the application: site, route, middleware in order,
 * handler; and at its end, the log.
 *
 * Called by the engines through http/app.h. A step that must wait returns, and chain_resume goes on
 * behind it, so nothing here nests or blocks. Whoever answers may find the request finished and
 * freed when response_start returns: nothing is touched after a call that may have answered.
 */
#include "app/chain.h"

#include "app/https.h"
#include "app/module.h"
#include "app/route.h"
#include "base/clock.h"
#include "base/scoreboard.h"
#include "event/loop.h"
#include "net/transport.h"

#include <assert.h>

static enum score_protocol protocol_of(const struct request *r)
{
	if (r->version >= HTTP_2)
		return SCORE_HTTP_2;
	return r->version == HTTP_1_0 ? SCORE_HTTP_1_0 : SCORE_HTTP_1_1;
}

/* From the complete head to the last byte that the kernel took. */
static void count_answer(const struct request *r)
{
	struct score_slot *slot = score_self();
	uint64_t now_us = app_worker.loop ? loop_look_us(app_worker.loop) : clock_mono_us();
	const struct score_answer answer = {
		.protocol = protocol_of(r),
		.status = r->response.status,
		.duration_us = now_us > r->received_us ? now_us - r->received_us : 0,
		.content_in = r->content_received,
		.content_out = r->content_sent,
	};
	score_add(&slot->requests, 1);
	score_site_count_answer(&slot->sites[exchange_of(r)->site->score], &answer);
}

static struct exchange *exchange_new(struct request *r)
{
	struct exchange *x = arena_alloc(&r->arena, sizeof(*x));
	memset(x, 0, offsetof(struct exchange, params));
	r->app_state = x;
	return x;
}

void exchange_note(struct request *r, const void *owner, void *note)
{
	struct exchange *x = exchange_of(r);
	struct exchange_note *n = arena_alloc(&r->arena, sizeof(*n));
	*n = (struct exchange_note){ .next = x->notes, .owner = owner, .note = note };
	x->notes = n;
}

void *exchange_noted(const struct request *r, const void *owner)
{
	for (const struct exchange_note *n = exchange_of(r)->notes; n; n = n->next)
		if (n->owner == owner)
			return n->note;
	return NULL;
}

static void take_in_hand(struct request *r)
{
	char peer[NET_ADDR_TEXT];
	size_t len = r->peer ? net_addr_host(r->peer, peer) : 0;
	r->score_place = score_begin(r->method_name, r->path, slice_of(peer, len));
	score_shift(&score_self()->in_hand, 1);
}

static bool takes_preflight(const struct route *route)
{
	for (unsigned i = 0; i < route->step_count; i++)
		if (route->steps[i].middleware->takes_preflight)
			return true;
	return false;
}

/* A CORS preflight is for the route of the method that it announces. Where that has nothing to say
 * to it, it is an OPTIONS like any other: NULL. */
static struct route *preflight_route(struct request *r, struct exchange *x)
{
	unsigned allow;
	if (r->method != METHOD_OPTIONS || !(r->fields.present & 1u << FIELD_ORIGIN))
		return NULL;
	struct slice announced =
	    fields_get_name(&r->fields, SLICE("Access-Control-Request-Method"));
	if (!announced.ptr)
		return NULL;
	r->method = method_find(announced);
	struct route *route = route_match(x->site, r, &allow);
	x->announced = r->method;
	r->method = METHOD_OPTIONS;
	return route && takes_preflight(route) ? route : NULL;
}

static void choose_route(struct request *r, struct exchange *x)
{
	x->route = preflight_route(r, x);
	x->preflight = x->route;
	if (x->preflight)
		return;
	x->route = route_match(x->site, r, &x->allow);
	if (x->route)
		return;
	/* OPTIONS asks about the path: what stands before its first route (CORS, say) is to see it.
	 */
	if (r->method == METHOD_OPTIONS && x->allow)
		x->route = route_find(x->site, r);
	if (!x->route)
		x->route = &x->site->unrouted;
	x->unmatched = true;
}

static void add_allow(struct request *r, unsigned allow)
{
	char *text = arena_bytes(&r->arena, METHOD_LIST_MAX);
	response_add_static(
	    r, FIELD_OTHER, SLICE("Allow"), slice_of(text, method_list(allow, text)));
}

int chain_refusal(enum http_method method)
{
	return method == METHOD_OTHER ? 501 : method == METHOD_OPTIONS ? 204 : 405;
}

/* The path is there, but not for this method. */
static void answer_other_method(struct request *r, unsigned allow)
{
	int status = chain_refusal(r->method);
	if (status == 501) {
		response_error(r, status, NULL);
		return;
	}
	if (allow & 1u << METHOD_GET)
		allow |= 1u << METHOD_HEAD;
	add_allow(r, allow | 1u << METHOD_OPTIONS);
	if (status != 204) {
		response_error(r, status, NULL);
		return;
	}
	r->response.status = status;
	response_start(r);
}

bool chain_refuses(const struct request *r, unsigned *allow_out)
{
	const struct exchange *x = exchange_of(r);
	const struct route *route = x->route;
	*allow_out = x->allow;
	if (x->unmatched)
		return x->allow;
	/* Perhaps nothing is left: a route for POST with a handler that only knows GET. */
	*allow_out |= route->methods ? route->handled & route->methods : route->handled;
	return route->handled && !(route->handled & 1u << r->method);
}

static void call_handler(struct request *r)
{
	const struct route *route = exchange_of(r)->route;
	unsigned allow;
	if (chain_refuses(r, &allow))
		answer_other_method(r, allow);
	else
		route->handler->handle(r, route->handler_state);
}

static void run(struct request *r)
{
	struct exchange *x = exchange_of(r);
	while (x->at < x->route->step_count) {
		const struct route_step *step = &x->route->steps[x->at++];
		if (!step->middleware->enter)
			continue;
		if (step->middleware->enter(r, step->state) != STEP_NEXT)
			return; /* it answered, or it calls chain_resume */
	}
	call_handler(r);
}

/* The connection was opened for a site with another certificate, or other rules for clients
 * (RFC 9110 section 15.5.20): each has to be asked where it can be told apart. */
static bool misdirected(const struct request *r, const struct site *site)
{
	const struct security *s = r->security;
	return s && s->identity != (site->identity ? site->identity : s->fallback);
}

static void answer_astray(struct request *r)
{
	unsigned port = r->local ? net_addr_port(r->local) : 0;
	if (!r->astray) {
		response_error(r, 421, "another site's certificate was shown");
		return;
	}
	r->response.close = true;
	if (!https_wanted(exchange_of(r)->site->scope) || https_redirect(r, port) < 0)
		https_explain(r, port);
}

enum chain_start chain_choose(struct request *r)
{
	struct exchange *x = exchange_new(r);
	x->site = site_find(r->server, r->host);
	x->route = &x->site->unrouted;
	if (r->astray)
		return CHAIN_ASTRAY;
	if (misdirected(r, x->site))
		return CHAIN_MISDIRECTED;
	if (r->method == METHOD_OPTIONS && slice_eq(r->path, SLICE("*"))) {
		x->unmatched = true;
		x->allow = 1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_POST |
			   1u << METHOD_PUT | 1u << METHOD_DELETE | 1u << METHOD_PATCH;
	} else {
		choose_route(r, x);
	}
	return CHAIN_RUNS;
}

static void on_route(struct request *r)
{
	enum chain_start start = chain_choose(r);
	struct exchange *x = exchange_of(r);
	x->astray = start != CHAIN_RUNS;
	r->terms = &x->route->terms;
}

static void on_head(struct request *r)
{
	if (!exchange_of(r))
		on_route(r); /* a request of our own making */
	take_in_hand(r);
	if (exchange_of(r)->astray)
		answer_astray(r);
	else
		run(r);
}

void chain_resume(struct request *r)
{
	chain_came_back(r);
	run(r);
}

void chain_wait(struct request *r, chain_gone_fn on_gone, void *ctx)
{
	struct exchange *x = exchange_of(r);
	assert(!x->on_gone && !x->answered);
	x->on_gone = on_gone;
	x->gone_ctx = ctx;
}

void chain_came_back(struct request *r)
{
	exchange_of(r)->on_gone = NULL;
}

static size_t on_body(struct request *r, struct slice bytes)
{
	return r->sink ? r->sink->ops->push(r->sink, bytes) : bytes.len;
}

static void on_response(struct request *r)
{
	struct exchange *x = exchange_of(r);
	x->answered = true;
	for (unsigned i = x->route->step_count; i-- > 0;) {
		const struct route_step *step = &x->route->steps[i];
		if (step->middleware->head)
			step->middleware->head(r, step->state);
	}
}

static void finish(struct request *r)
{
	struct exchange *x = exchange_of(r);
	for (unsigned i = 0; i < x->route->step_count; i++) {
		const struct route_step *step = &x->route->steps[i];
		if (step->middleware->done)
			step->middleware->done(r, step->state);
	}
	if (!r->internal)
		count_answer(r);
}

static void on_done(struct request *r)
{
	finish(r);
	score_end(r->score_place);
	score_shift(&score_self()->in_hand, -1);
}

/* What is logged for a request that ended without an answer. 499 is nobody's code, but the one that
 * readers of logs know for it. */
static const int abort_status[] = {
	[ABORT_PEER] = 499,
	[ABORT_TIMEOUT] = 408,
	[ABORT_SYNTAX] = 400,
	[ABORT_SHUTDOWN] = 503,
	[ABORT_SOURCE] = 500,
	[ABORT_TOO_LARGE] = 413,
};

static void on_abort(struct request *r, enum abort_reason reason)
{
	struct exchange *x = exchange_of(r);
	struct sink *sink = r->sink;
	r->sink = NULL;
	if (sink)
		sink->ops->abort(sink);
	if (x->on_gone) {
		chain_gone_fn on_gone = x->on_gone;
		x->on_gone = NULL;
		on_gone(r, x->gone_ctx);
	}
	if (r->response.status == 0)
		r->response.status = abort_status[reason];
	on_done(r);
}

static void on_refused(struct request *r)
{
	struct exchange *x = exchange_of(r);
	if (!x) {
		x = exchange_new(r);
		x->site = site_find(r->server, r->host);
		x->route = &x->site->unrouted;
	}
	x->answered = true;
	finish(r);
}

const struct app chain_app = {
	.on_route = on_route,
	.on_head = on_head,
	.on_body = on_body,
	.on_end = request_end_content,
	.on_response = on_response,
	.on_done = on_done,
	.on_abort = on_abort,
	.on_refused = on_refused,
};
