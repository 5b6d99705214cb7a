/*
 * inner.c - see inner.h: an engine (http/wire.h) whose peer is a buffer.
 */
#include "app/inner.h"

#include "app/chain.h"
#include "app/site.h"
#include "base/buf.h"
#include "base/mem.h"
#include "event/loop.h"
#include "http/wire.h"

enum {
	PIECE = 64 << 10,
	/* Collected in one turn of the loop: a copy of some 50 us. */
	SHARE = 512 << 10,
};

struct inner {
	struct request request;
	struct net_addr peer, local;
	struct inner_spec spec;
	struct buf content;
	struct task task;
	struct timer timer;
	int result;
	bool ended;
	bool freed; /* goes with the task */
};

static struct inner *of_request(struct request *r)
{
	return CONTAINER_OF(r, struct inner, request);
}

static void kick(struct inner *i)
{
	loop_defer(app_worker.loop, &i->task);
}

static void end(struct inner *i, int result)
{
	i->ended = true;
	i->result = result;
	kick(i);
}

/* What a source has appended. */
static int collect(struct inner *i, struct outq *q)
{
	static char piece[PIECE];
	while (!outq_empty(q)) {
		ssize_t n = outq_read(q, piece, sizeof(piece));
		if (n < 0)
			return ERR_IO;
		if (buf_append(&i->content, slice_of(piece, (size_t)n)) < 0)
			return ERR_FULL;
	}
	return OK;
}

static void pull_all(struct inner *i)
{
	struct source *source = i->request.response.source;
	size_t had = i->content.len;
	enum pull more = PULL_MORE;
	int rc = OK;
	while (more == PULL_MORE && rc == OK && i->content.len - had < SHARE) {
		struct outq q = { 0 };
		more = source->ops->pull(source, &q, PIECE);
		rc = more == PULL_ERROR ? ERR_IO : collect(i, &q);
		outq_clear(&q);
	}
	if (rc < 0 || more == PULL_END)
		end(i, rc);
	else if (more == PULL_MORE)
		kick(i);
}

static void on_task(struct task *t)
{
	struct inner *i = CONTAINER_OF(t, struct inner, task);
	if (i->freed)
		mem_free(i);
	else if (i->ended)
		i->spec.on_end(i, i->result, i->spec.ctx);
	else
		pull_all(i);
}

static void on_due(struct timer *t)
{
	struct inner *i = CONTAINER_OF(t, struct inner, timer);
	if (!i->ended)
		end(i, ERR_CLOSED);
}

/* ---- the wire ---------------------------------------------------------------------------------
 */

static void start(struct request *r)
{
	struct inner *i = of_request(r);
	if (i->ended)
		return;
	if (r->response.source)
		kick(i);
	else
		end(i, buf_append(&i->content, r->response.body) < 0 ? ERR_FULL : OK);
}

static void wake(struct request *r)
{
	if (!of_request(r)->ended)
		kick(of_request(r));
}

static void reset(struct request *r, int error)
{
	(void)error;
	if (!of_request(r)->ended)
		end(of_request(r), ERR_IO);
}

static void interim(struct request *r, int status, const struct fields *fields)
{
	(void)r, (void)status, (void)fields;
}

static void read_on(struct request *r)
{
	(void)r;
}

static const struct wire inner_wire = {
	.name = "inner",
	.start = start,
	.wake = wake,
	.reset = reset,
	.interim = interim,
	.read_body = request_end_content,
	.read_on = read_on,
};

static void on_response(struct request *r)
{
	(void)r;
}

static const struct app inner_app = { .on_response = on_response };

/* ---- the request --------------------------------------------------------------------------------
 */

/* Of the content it does not have, and of the client's own copy. */
static bool is_left_out(const struct field *f)
{
	const uint32_t known = 1u << FIELD_CONTENT_LENGTH | 1u << FIELD_CONTENT_TYPE |
			       1u << FIELD_EXPECT | 1u << FIELD_IF_MATCH |
			       1u << FIELD_IF_MODIFIED_SINCE | 1u << FIELD_IF_NONE_MATCH |
			       1u << FIELD_IF_RANGE | 1u << FIELD_IF_UNMODIFIED_SINCE |
			       1u << FIELD_RANGE | 1u << FIELD_TE | 1u << FIELD_TRAILER |
			       1u << FIELD_TRANSFER_ENCODING | 1u << FIELD_UPGRADE;
	return f->id != FIELD_OTHER && known >> f->id & 1;
}

static void copy_fields(struct request *to, const struct fields *from)
{
	for (unsigned i = 0; i < from->count; i++)
		if (!is_left_out(&from->list[i]))
			fields_add(&to->fields, &to->arena, from->list[i].id,
			    arena_dup(&to->arena, from->list[i].name),
			    arena_dup(&to->arena, from->list[i].value));
}

static struct slice dup(struct request *to, struct slice s)
{
	return s.ptr ? arena_dup(&to->arena, s) : SLICE_NONE;
}

static void copy_request(struct inner *i, const struct request *from)
{
	struct request *r = &i->request;
	*r = (struct request){ .wire = &inner_wire,
		.app = &inner_app,
		.server = from->server,
		.internal = true,
		.version = from->version,
		.method = METHOD_GET,
		.method_name = SLICE("GET"),
		.port = from->port,
		.secure = from->secure,
		.received_us = from->received_us,
		.terms = from->terms,
		.score_place = -1 };
	r->target = dup(r, from->target);
	r->path = dup(r, from->path);
	r->query = dup(r, from->query);
	r->host = dup(r, from->host);
	copy_fields(r, &from->fields);
	if (from->peer) {
		i->peer = *from->peer;
		r->peer = &i->peer;
	}
	if (from->local) {
		i->local = *from->local;
		r->local = &i->local;
	}
}

struct inner *inner_new(const struct inner_spec *spec)
{
	struct inner *i = mem_zalloc(sizeof(*i));
	i->spec = *spec;
	i->task.run = on_task;
	i->timer.on_due = on_due;
	buf_init(&i->content, spec->content_max);
	copy_request(i, spec->like);
	chain_app.on_route(&i->request);
	exchange_of(&i->request)->user = dup(&i->request, exchange_of(spec->like)->user);
	return i;
}

void inner_ask(struct inner *i)
{
	struct request *r = &i->request;
	const struct route *route = exchange_of(r)->route;
	timer_set(app_worker.loop, &i->timer, loop_now_ms(app_worker.loop) + i->spec.timeout_ms);
	route->handler->handle(r, route->handler_state);
}

void inner_free(struct inner **in)
{
	struct inner *i = *in;
	if (!i)
		return;
	*in = NULL;
	struct exchange *x = exchange_of(&i->request);
	timer_clear(app_worker.loop, &i->timer);
	i->ended = true;
	if (x->on_gone) {
		chain_gone_fn on_gone = x->on_gone;
		x->on_gone = NULL;
		on_gone(&i->request, x->gone_ctx);
	}
	response_fini(&i->request);
	arena_fini(&i->request.arena);
	buf_fini(&i->content);
	i->freed = true;
	if (!i->task.queued)
		mem_free(i);
}

struct request *inner_request(struct inner *i)
{
	return &i->request;
}

struct slice inner_content(const struct inner *i)
{
	return buf_peek(&i->content);
}
