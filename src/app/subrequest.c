/*
 * subrequest.c - see subrequest.h. To the application this is an engine like any other, with a wire
 * that ends where the head of the answer is known.
 *
 * Whoever answers may be anywhere in the application: so the answer is passed on at the end of the
 * turn, when nobody stands in the request any more.
 */
#include "app/subrequest.h"

#include "app/module.h"
#include "app/site.h"
#include "base/clock.h"
#include "base/mem.h"
#include "event/loop.h"
#include "http/app.h"
#include "http/wire.h"

#include <assert.h>

struct subrequest {
	struct request r;
	struct task finish;
	subrequest_fn on_answer; /* NULL: cancelled */
	void *ctx;
	bool begun;  /* on_end was called: who wants the content learns at once that it has ended */
	bool failed; /* ended without an answer */
};

static struct subrequest *of_request(struct request *r)
{
	return CONTAINER_OF(r, struct subrequest, r);
}

static void on_start(struct request *r)
{
	loop_defer(app_worker.loop, &of_request(r)->finish);
}

static void on_wake(struct request *r)
{
	(void)r; /* its content is not pulled */
}

static void on_reset(struct request *r, int error)
{
	struct subrequest *s = of_request(r);
	(void)error;
	s->failed = true;
	loop_defer(app_worker.loop, &s->finish);
}

static void on_interim(struct request *r, int status, const struct fields *fields)
{
	(void)r, (void)status, (void)fields;
}

static void on_read(struct request *r)
{
	if (of_request(r)->begun)
		request_end_content(r);
}

static const struct wire wire = {
	.name = "HTTP/1.1",
	.start = on_start,
	.wake = on_wake,
	.reset = on_reset,
	.interim = on_interim,
	.read_body = on_read,
	.read_on = on_wake,
};

static void free_request(struct subrequest *s)
{
	response_fini(&s->r);
	arena_fini(&s->r.arena);
	mem_free(s);
}

static void on_finish(struct task *t)
{
	static const struct request unanswered;
	struct subrequest *s = CONTAINER_OF(t, struct subrequest, finish);
	if (s->on_answer) {
		/* First the end, as the parent may be gone when on_answer returns. */
		if (s->failed)
			s->r.app->on_abort(&s->r, ABORT_SOURCE);
		else
			s->r.app->on_done(&s->r);
		s->on_answer(s->ctx, s->failed ? &unanswered : &s->r);
	}
	free_request(s);
}

/* A client's own word for what is said here would be believed, and an answer to its conditions is
 * no answer to ours. */
static bool is_passed_on(const struct field *f)
{
	static const uint32_t dropped =
	    1u << FIELD_ACCEPT_ENCODING | 1u << FIELD_CONNECTION | 1u << FIELD_CONTENT_ENCODING |
	    1u << FIELD_CONTENT_LENGTH | 1u << FIELD_CONTENT_RANGE | 1u << FIELD_CONTENT_TYPE |
	    1u << FIELD_EXPECT | 1u << FIELD_IF_MATCH | 1u << FIELD_IF_MODIFIED_SINCE |
	    1u << FIELD_IF_NONE_MATCH | 1u << FIELD_IF_RANGE | 1u << FIELD_IF_UNMODIFIED_SINCE |
	    1u << FIELD_KEEP_ALIVE | 1u << FIELD_RANGE | 1u << FIELD_TE | 1u << FIELD_TRAILER |
	    1u << FIELD_TRANSFER_ENCODING | 1u << FIELD_UPGRADE | 1u << FIELD_X_REQUEST_ID;
	if (f->id != FIELD_OTHER)
		return !(dropped & 1u << f->id);
	return !slice_eq_ci(f->name, SLICE("X-Original-Method")) &&
	       !slice_eq_ci(f->name, SLICE("X-Original-URI"));
}

static void copy_fields(struct request *to, const struct request *from)
{
	for (unsigned i = 0; i < from->fields.count; i++) {
		const struct field *f = &from->fields.list[i];
		if (is_passed_on(f))
			fields_add(&to->fields, &to->arena, f->id, f->name, f->value);
	}
	fields_add(
	    &to->fields, &to->arena, FIELD_X_REQUEST_ID, SLICE("X-Request-ID"), exchange_id(from));
	fields_add(
	    &to->fields, &to->arena, FIELD_OTHER, SLICE("X-Original-Method"), from->method_name);
	fields_add(&to->fields, &to->arena, FIELD_OTHER, SLICE("X-Original-URI"), from->target);
}

static void set_request(struct request *r, const struct request *parent)
{
	r->wire = &wire;
	r->app = parent->app;
	r->server = parent->server;
	r->internal = true;
	r->version = HTTP_1_1;
	r->method = METHOD_GET;
	r->method_name = SLICE("GET");
	r->host = parent->host;
	r->port = parent->port;
	r->secure = parent->secure;
	r->security = parent->security;
	r->peer = parent->peer;
	r->local = parent->local;
	r->received_us = clock_mono_us();
	r->score_place = -1;
}

struct subrequest *subrequest_start(struct request *parent, struct slice path, struct slice query,
    subrequest_fn on_answer, void *ctx)
{
	assert(!parent->internal);
	struct subrequest *s = mem_zalloc(sizeof(*s));
	s->finish.run = on_finish;
	s->on_answer = on_answer;
	s->ctx = ctx;
	set_request(&s->r, parent);
	s->r.path = path;
	s->r.query = query;
	s->r.target = slice_str(arena_printf(&s->r.arena, SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(path),
	    query.ptr ? "?" : "", SLICE_ARG(query)));
	copy_fields(&s->r, parent);
	s->r.app->on_head(&s->r);
	s->begun = true;
	s->r.app->on_end(&s->r);
	return s;
}

void subrequest_cancel(struct subrequest *s)
{
	s->on_answer = NULL;
	s->r.app->on_abort(&s->r, ABORT_PEER);
	if (!s->finish.queued)
		free_request(s);
}
