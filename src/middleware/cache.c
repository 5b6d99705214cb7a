/*
 * cache.c - what becomes of a request at the cache: an answer that is kept, a place behind somebody
 * who asks for the same, or the handler; and what becomes of the handler's answer.
 *
 * It stands behind all other middleware: who may not have the answer does not come this far, and an
 * answer that a step before this one gave is neither kept nor does it make anything be forgotten.
 * Kept is the handler's own answer, before anything else changes it. Each worker has its own
 * memory: so there is no lock, no copying between processes, and nothing to mend when a worker
 * dies; it costs one call of the handler a worker.
 *
 * RFC 9111 (caching), 5861 (stale answers), 9211 (Cache-Status).
 */
#include "middleware/cache.h"

#include "app/site.h"
#include "base/number.h"
#include "base/scoreboard.h"
#include "http/target.h"
#include "middleware/cache_flight.h"
#include "middleware/cache_refill.h"
#include "middleware/cache_rules.h"
#include "middleware/cache_tee.h"

#include <stdio.h>

/* Requests for what turned out not to be kept do not wait for each other for so long. */
enum { BARREN_MS = 10000 };

enum mode {
	PASSES, /* nothing is looked for or kept */
	PURGES, /* if it succeeds, what is kept holds no more */
	ASKS,   /* the handler's answer may be kept */
	SERVED, /* from memory */
};

struct cache_pass { /* a request at the cache; in its arena */
	const struct cache_settings *settings;
	struct request *request;
	enum mode mode;
	const char *why; /* as in Cache-Status: fwd=miss; NULL: nothing is said */
	struct slice key;
	struct cache_control wishes;
	struct cached *held;         /* a reference: what is given, what is asked about */
	struct cached *found;        /* a reference: what the handler answers, while it comes */
	struct cache_flight *flight; /* ours */
	struct cache_waiter waiter;
	uint64_t until_ms; /* when waiting ends; 0: has not waited */
	bool may_wait;
	bool collapsed;         /* it has waited, and got what it waited for */
	bool conditional;       /* the conditions are ours */
	struct fields original; /* then: the client's */
};

static unsigned users; /* routes with a cache */

/* ---- the key ----------------------------------------------------------------------------------
 */

static char *put_text(char *at, struct slice s)
{
	if (s.len)
		memcpy(at, s.ptr, s.len);
	return at + s.len;
}

/* No part can be taken for another: hosts have no slash, paths begin with one, and a path that was
 * decoded may have a question mark but no NUL. */
static struct slice key_of(struct request *r, struct slice path, struct slice query)
{
	char *key = arena_bytes(&r->arena, 5 + r->host.len + path.len + query.len), *at = key;
	*at++ = r->secure ? 's' : 'p';
	*at++ = (char)(r->port >> 8);
	*at++ = (char)(r->port & 0xff);
	at = put_text(at, r->host);
	at = put_text(at, path);
	*at++ = '\0';
	if (query.ptr) {
		*at++ = '?';
		at = put_text(at, query);
	}
	return slice_of(key, (size_t)(at - key));
}

/* ---- an answer that is kept ---------------------------------------------------------------------
 */

static void hold(struct cache_pass *p, struct cached *c)
{
	if (c)
		owner_hold(&c->owner);
	if (p->held)
		owner_release(&p->held->owner);
	p->held = c;
}

static void add_status(struct request *r, const struct cache_settings *s, struct slice text)
{
	if (s->status_field)
		response_add_static(r, FIELD_OTHER, SLICE("Cache-Status"), text);
}

/* Without printf: a hit is little more than this. */
static struct slice number_text(struct request *r, struct slice before, int64_t number)
{
	char *text = arena_bytes(&r->arena, before.len + 21), *at = put_text(text, before);
	if (number < 0)
		*at++ = '-';
	at += number_format((uint64_t)(number < 0 ? -number : number), at);
	return slice_of(text, (size_t)(at - text));
}

/* Of a 304 only what the client needs to know of its copy (RFC 9110 section 15.4.5). */
static void make_unchanged(struct request *r)
{
	static const char *const of_content[] = { "Content-Type", "Content-Encoding",
		"Content-Language" };
	r->response.status = 304;
	response_set_body(r, SLICE_NONE, NULL);
	for (size_t i = 0; i < sizeof(of_content) / sizeof(*of_content); i++)
		fields_remove_name(&r->response.fields, slice_str(of_content[i]));
}

/* In place of whatever the response was. The fields are borrowed: p->held keeps them. */
static void put(struct cache_pass *p)
{
	struct request *r = p->request;
	struct response *response = &r->response;
	const struct cached *c = p->held;
	response->status = c->status;
	response->plain_error = false;
	response->note = NULL;
	response->fields.count = 0;
	response->fields.present = 0;
	response_set_body(r, slice_of(c->body->bytes, c->body->len), &c->body->owner);
	response->block = NULL;
	for (unsigned i = 0; i < c->field_count; i++)
		response_add_static(r, c->fields[i].id, c->fields[i].name, c->fields[i].value);
	response_add_static(r, FIELD_OTHER, SLICE("Age"),
	    number_text(r, SLICE_NONE, cached_age(c, cache_now_ms())));
	if (c->status == 200 && r->fields.present & CONDITION_FIELDS &&
	    conditions_check(r, &c->validators, cache_wall_s()) == 304)
		make_unchanged(r);
}

static void tell_hit(struct cache_pass *p, int64_t ttl)
{
	struct request *r = p->request;
	struct slice text = number_text(r, SLICE("httpd; hit; ttl="), ttl);
	if (p->collapsed)
		text = slice_str(arena_printf(&r->arena, SLICE_FMT "; collapsed", SLICE_ARG(text)));
	add_status(r, p->settings, text);
}

static enum step serve(struct cache_pass *p, struct cached *c)
{
	score_add(&score_self()->cache[1], 1);
	p->mode = SERVED;
	hold(p, c);
	put(p);
	tell_hit(p, c->terms.lifetime - cached_age(c, cache_now_ms()));
	response_start(p->request);
	return STEP_ANSWERED;
}

/* ---- asking the handler -------------------------------------------------------------------------
 */

/* The client's conditions make room for ours; head() puts them back. */
static void ask_about(struct cache_pass *p, const struct cached *c)
{
	struct request *r = p->request;
	struct fields f = { .list = c->fields, .count = c->field_count }, ours = { 0 };
	struct slice etag = fields_get_name(&f, SLICE("ETag"));
	struct slice modified = fields_get_name(&f, SLICE("Last-Modified"));
	if (!etag.ptr && !modified.ptr)
		return;
	p->conditional = true;
	p->original = r->fields;
	for (unsigned i = 0; i < r->fields.count; i++) {
		const struct field *from = &r->fields.list[i];
		if (from->id != FIELD_IF_NONE_MATCH && from->id != FIELD_IF_MODIFIED_SINCE)
			fields_add(&ours, &r->arena, from->id, from->name, from->value);
	}
	if (etag.ptr)
		fields_add(&ours, &r->arena, FIELD_IF_NONE_MATCH, SLICE("If-None-Match"), etag);
	if (modified.ptr)
		fields_add(&ours, &r->arena, FIELD_IF_MODIFIED_SINCE, SLICE("If-Modified-Since"),
		    modified);
	r->fields = ours;
}

static bool is_barren(const struct cache_entry *e)
{
	return e && e->barren_ms > cache_now_ms();
}

static enum step ask(struct cache_pass *p, struct cache_entry *e, struct cached *c)
{
	const struct request *r = p->request;
	bool others = e && !list_empty(&e->answers);
	p->why = c ? (cached_age(c, cache_now_ms()) < c->terms.lifetime ? "request" : "stale")
		   : (others ? "vary-miss" : "uri-miss");
	score_add(&score_self()->cache[0], 1);
	if (r->method == METHOD_HEAD)
		return STEP_NEXT; /* its answer has no content to keep */
	p->mode = ASKS;
	hold(p, c);
	if (!is_barren(e) && !cache_has_credentials(r)) {
		e = cache_store_take(p->key);
		if (!e->flight)
			p->flight = cache_flight_begin(e);
	}
	if (c)
		ask_about(p, c);
	return STEP_NEXT;
}

static void on_gone(struct request *r, void *ctx)
{
	struct cache_pass *p = ctx;
	(void)r;
	cache_flight_leave(&p->waiter);
}

static enum step wait_for(struct cache_pass *p, struct cache_entry *e)
{
	if (!p->until_ms)
		p->until_ms = cache_now_ms() + (uint64_t)p->settings->wait;
	cache_flight_wait(e->flight, &p->waiter, p->until_ms);
	chain_wait(p->request, on_gone, p);
	return STEP_WAIT;
}

/* Whether what the other one gets may be of use to this one: it is new, so a client that wants the
 * newest must not take it, and what is stale at once helps nobody. */
static bool is_worth_waiting(
    const struct cache_pass *p, const struct cache_entry *e, const struct cached *c)
{
	bool spent = p->until_ms && cache_now_ms() >= p->until_ms;
	return e && e->flight && app_worker.loop && p->may_wait && !spent &&
	       p->settings->wait > 0 && !p->wishes.no_cache && p->wishes.max_age != 0 &&
	       !cache_has_credentials(p->request) &&
	       (!c || (c->terms.lifetime > c->terms.age && !c->terms.no_cache));
}

static enum step proceed(struct cache_pass *p)
{
	struct request *r = p->request;
	struct cache_entry *e = cache_store_find(p->key);
	struct cached *c = e ? cache_store_select(e, r) : NULL;
	if (c && !cached_is_for(c, r, p->settings))
		c = NULL;
	enum cache_use use = c ? cached_use(c, &p->wishes, cache_now_ms()) : CACHE_ASK;
	if (use == CACHE_STALE && cache_refill(e, c, r, p->settings) < 0)
		use = CACHE_ASK;
	if (use != CACHE_ASK) {
		cache_store_used(e, cache_now_ms());
		return serve(p, c);
	}
	if (p->wishes.only_if_cached) {
		response_error(r, 504, "not in the cache");
		return STEP_ANSWERED;
	}
	if (is_worth_waiting(p, e, c))
		return wait_for(p, e);
	return ask(p, e, c);
}

static void on_landed(struct cache_waiter *w)
{
	struct cache_pass *p = CONTAINER_OF(w, struct cache_pass, waiter);
	struct request *r = p->request;
	chain_came_back(r);
	p->may_wait = w->again;
	p->collapsed = true;
	if (proceed(p) == STEP_NEXT)
		chain_resume(r);
}

/* ---- the way in ---------------------------------------------------------------------------------
 */

static bool is_unsafe(enum http_method method)
{
	return method != METHOD_GET && method != METHOD_HEAD && method != METHOD_OPTIONS &&
	       method != METHOD_TRACE;
}

/* Parts are the handler's business, and so is what depends on the very bytes it has. */
static bool passes(const struct cache_pass *p)
{
	const uint32_t fields = 1u << FIELD_RANGE | 1u << FIELD_IF_RANGE | 1u << FIELD_IF_MATCH |
				1u << FIELD_IF_UNMODIFIED_SINCE | 1u << FIELD_UPGRADE;
	const struct request *r = p->request;
	return (r->method != METHOD_GET && r->method != METHOD_HEAD) || r->content_length != 0 ||
	       r->fields.present & fields || p->wishes.no_store;
}

static struct cache_control wishes_of(const struct request *r, const struct cache_settings *s)
{
	static const struct fields none;
	struct cache_control c = cache_control_read(s->client_control ? &r->fields : &none);
	if (s->client_control && !c.given)
		c.no_cache =
		    slice_eq_ci(fields_get_name(&r->fields, SLICE("Pragma")), SLICE("no-cache"));
	return c;
}

static enum step enter(struct request *r, void *state)
{
	/* What the server asks itself is about one client, and its content is not read. */
	if (exchange_of(r)->route->handler->keeps || r->internal)
		return STEP_NEXT;
	struct cache_pass *p = arena_zalloc(&r->arena, sizeof(*p));
	exchange_note(r, &cache_middleware, p);
	p->settings = state;
	p->request = r;
	p->may_wait = true;
	p->waiter.on_landed = on_landed;
	if (is_unsafe(r->method)) {
		p->mode = PURGES;
		return STEP_NEXT;
	}
	p->wishes = wishes_of(r, p->settings);
	if (passes(p)) {
		p->why = r->method == METHOD_OPTIONS ? NULL : "bypass";
		return STEP_NEXT;
	}
	p->key = key_of(r, r->path, r->query);
	return proceed(p);
}

/* ---- the handler's answer -----------------------------------------------------------------------
 */

static void forget(struct slice key)
{
	struct cache_entry *e = cache_store_find(key);
	if (e)
		cache_store_forget(e);
}

/* Where the answer points to, if that is here (section 4.4). */
static void forget_target(struct request *r, const char *name)
{
	struct slice value = fields_get_name(&r->response.fields, slice_str(name)), host;
	struct target t;
	const char *reason;
	unsigned port;
	if (!value.ptr || target_parse(value, METHOD_GET, &r->arena, &t, &reason) < 0)
		return;
	if (t.authority.ptr &&
	    (t.secure != r->secure || host_parse(t.authority, &r->arena, &host, &port) < 0 ||
		!slice_eq(host, r->host) || port != r->port))
		return;
	forget(key_of(r, t.path, t.query));
}

static void purge(struct request *r)
{
	if (r->response.status >= 400)
		return;
	forget(key_of(r, r->path, r->query));
	forget_target(r, "Location");
	forget_target(r, "Content-Location");
}

static void add_kept(struct cache_pass *p, struct cached *c)
{
	cache_store_add(cache_store_take(p->key), c);
}

/* What is known of the address now: not to be kept, and what was kept is out of date. An error says
 * neither. */
static void note_barren(struct cache_pass *p)
{
	int status = p->request->response.status;
	if (status >= 500 || status == 304)
		return;
	struct cache_entry *e = cache_store_take(p->key);
	cache_store_mark_barren(e, cache_now_ms() + BARREN_MS);
	if (p->held)
		cache_store_remove(e, p->held);
}

static void keep_whole(struct cache_pass *p, struct cached *c, struct slice content)
{
	struct cache_body *body = cache_body_new(content);
	cached_set_body(c, body);
	owner_release(&body->owner);
	add_kept(p, c);
}

static void on_collected(void *ctx, enum cache_tee_end end, struct slice content)
{
	struct cache_pass *p = ctx;
	struct cached *c = p->found;
	p->found = NULL;
	if (end == TEE_WHOLE)
		keep_whole(p, c, content);
	else
		owner_release(&c->owner);
	if (end == TEE_TOO_MUCH)
		note_barren(p);
	cache_flight_land(&p->flight, end == TEE_LOST);
}

static bool keep(struct cache_pass *p)
{
	struct request *r = p->request;
	struct response *response = &r->response;
	struct cache_terms terms;
	if (!cache_may_keep(r, p->settings, &terms))
		return false;
	size_t length = response->source ? 0 : response->body.len;
	if (!cache_store_collect(length))
		return false;
	cache_store_collected(length);
	p->found = cached_new(r, p->settings, &terms);
	if (response->source)
		cache_tee(r, (size_t)p->settings->object_size, on_collected, p);
	else
		on_collected(p, TEE_WHOLE, response->body);
	return true;
}

static const char *tell_kept(struct cache_pass *p, int status)
{
	bool kept = keep(p);
	if (!kept) {
		note_barren(p);
		cache_flight_land(&p->flight, false);
	}
	return arena_printf(&p->request->arena, "httpd; fwd=%s; fwd-status=%d%s", p->why, status,
	    kept ? "; stored" : "");
}

/* The handler says that what is kept still holds. */
static const char *confirm(struct cache_pass *p)
{
	struct request *r = p->request;
	struct cached *c = cached_confirmed(r, p->settings, p->held);
	struct cache_entry *e = cache_store_find(p->key);
	if (c) {
		hold(p, c);
		add_kept(p, c);
	} else if (e) {
		cache_store_remove(e, p->held);
	}
	cache_flight_land(&p->flight, false);
	put(p);
	return arena_printf(
	    &r->arena, "httpd; fwd=%s; fwd-status=304%s", p->why, c ? "; stored" : "");
}

static bool is_failure(int status)
{
	return status == 500 || status == 502 || status == 503 || status == 504;
}

static const char *take_answer(struct cache_pass *p)
{
	struct request *r = p->request;
	int status = r->response.status;
	bool ours = p->conditional;
	if (ours)
		r->fields = p->original;
	p->conditional = false;
	if (ours && status == 304)
		return confirm(p);
	if (!p->held || !is_failure(status) ||
	    !cached_stands_in(p->held, &p->wishes, cache_now_ms()))
		return tell_kept(p, status);
	cache_flight_land(&p->flight, false);
	put(p);
	return arena_printf(
	    &r->arena, "httpd; fwd=%s; fwd-status=%d; detail=stale-if-error", p->why, status);
}

static void head(struct request *r, void *state)
{
	struct cache_pass *p = exchange_noted(r, &cache_middleware);
	(void)state;
	if (!p)
		return; /* a step before this one has answered, or it is none of our business */
	if (p->mode == PURGES)
		purge(r);
	else if (p->mode == ASKS)
		add_status(r, p->settings, slice_str(take_answer(p)));
	else if (p->mode == PASSES && p->why)
		add_status(
		    r, p->settings, slice_str(arena_printf(&r->arena, "httpd; fwd=%s", p->why)));
}

static void done(struct request *r, void *state)
{
	struct cache_pass *p = exchange_noted(r, &cache_middleware);
	(void)state;
	if (!p)
		return;
	cache_flight_leave(&p->waiter);
	cache_flight_land(&p->flight, true);
	hold(p, NULL);
}

/* ---- the module ---------------------------------------------------------------------------------
 */

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct cache_settings *s = config_settings(route, &cache_group);
	const struct cache_store_settings *store =
	    config_settings(route->snapshot->global, &cache_store_group);
	(void)a;
	if (!s->enabled || !cache_said_anywhere(route))
		return NULL;
	if (users++ == 0)
		cache_store_init(&(struct cache_store_limits){
		    .entries = (size_t)store->entries, .bytes = (size_t)store->size });
	return (void *)(uintptr_t)s;
}

static void release(void *state)
{
	(void)state;
	cache_refill_give_up_all();
	if (--users == 0)
		cache_store_fini();
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	(void)state;
	*text_out = '\0';
	if (exchange_of(r)->route->handler->keeps)
		return STEP_NEXT;
	if (is_unsafe(r->method))
		snprintf(text_out, room, "forgets what is kept of this address if it succeeds");
	else
		snprintf(text_out, room, "answers itself if a worker has kept an answer");
	return is_unsafe(r->method) ? STEP_NEXT : STEP_WAIT;
}

static const struct key_group *const groups[] = { &cache_group, &cache_store_group, NULL };

const struct middleware cache_middleware = {
	.name = "cache",
	.groups = groups,
	.prepare = prepare,
	.release = release,
	.enter = enter,
	.head = head,
	.done = done,
	.explain = explain,
};
