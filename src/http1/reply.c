/*
 * reply.c - a response on its way out: how it is framed, and its source pulled as the peer takes
 * bytes (http/wire.h).
 *
 * Framing is decided here and nowhere else (RFC 9112 section 6): Content-Length if the length is
 * known, else chunked, else, for HTTP/1.0, the end of the connection. A source that gives too
 * little can not be mended: the connection is cut, so that the peer sees it.
 */
#include "http1/engine.h"

#include "http/status.h"
#include "http/wire.h"
#include "http1/write.h"

#include <assert.h>

enum {
	/* Sources are pulled while less than this waits in the queue: enough to fill a socket
	 * buffer in one call, little enough that a thousand slow readers cost 128 MiB at most. */
	HIGH_WATER = 128 << 10,
	/* Pulled for one connection in one run at most, so that a fast reader of an endless source
	   does not stop the others. */
	PULL_SHARE = 1 << 20,
	/* What a pull without bytes counts for in that share. */
	PULL_COST = 1 << 10,
	/* The least that is asked for, when the queue is almost full: smaller pieces cost more than
	   they save. */
	PULL_MIN = 16 << 10,
};

static bool has_content(const struct request *r)
{
	return r->method != METHOD_HEAD && status_has_content(r->response.status);
}

/* A handler that answers with an error while it still reads has lost interest in the rest. */
static bool content_will_end(const struct h1_exchange *x)
{
	if (x->content.wanted && x->request.response.status < 400)
		return true;
	return h1_content_can_be_left(x);
}

static bool can_keep(const struct h1_exchange *x)
{
	const struct h1 *h = x->h1;
	const struct http_server *s = h->server;

	if (!x->keep || x->request.response.close || h->conn->net->draining ||
	    !x->request.terms->keepalive)
		return false;
	if (s->limits.keepalive_requests && h->served + 1 >= s->limits.keepalive_requests)
		return false;
	return content_will_end(x);
}

/* What HTTP/1.0 is told: whole seconds, and never none. */
static unsigned keep_alive_s(const struct h1 *h)
{
	uint64_t s = h1_idle_ms(h) / 1000;

	return s ? (unsigned)s : 1;
}

static struct h1_form choose_form(struct h1_exchange *x)
{
	struct request *r = &x->request;
	struct response *response = &r->response;
	bool content = has_content(r);

	if (content && !response->source)
		response->length = (int64_t)response->body.len;
	bool known = response->length >= 0;
	x->reply.sized = content && known;
	x->reply.chunked = content && !known && r->version != HTTP_1_0;
	x->keep = can_keep(x) && (!content || known || x->reply.chunked);
	return (struct h1_form){
		.length = known && status_has_content(response->status),
		.chunked = x->reply.chunked,
		.close = !x->keep,
		.keep_alive_s = x->keep && r->version == HTTP_1_0 ? keep_alive_s(x->h1) : 0,
	};
}

static void close_source(struct request *r)
{
	struct source *source = r->response.source;

	r->response.source = NULL;
	if (source)
		source->ops->close(source);
}

static void start(struct request *r)
{
	struct h1_exchange *x = h1_exchange_of(r);
	struct response *response = &r->response;
	struct outq *q = &x->h1->conn->out;
	struct h1_form form = choose_form(x);
	struct slice body = has_content(r) && !response->source ? response->body : SLICE_NONE;
	bool small = body.len <= H1_COPY_MAX;

	assert(!x->reply.started);
	h1_write_set_time(loop_wall_s(x->h1->conn->net->loop));
	h1_write_head(q, r, &form, small ? body : SLICE_NONE, &x->owner);
	if (!small)
		outq_borrow(q, body, response->body_owner ? response->body_owner : &x->owner);
	r->content_sent = body.len;
	if (!has_content(r))
		close_source(r);
	x->reply.started = true;
	x->reply.left = x->reply.sized ? (uint64_t)response->length : 0;
	x->reply.queued = response->source == NULL;
	h1_kick(x);
}

static void wake(struct request *r)
{
	struct h1_exchange *x = h1_exchange_of(r);

	x->reply.woken = true;
	x->reply.waiting = false;
	h1_kick(x);
}

static void reset(struct request *r, int error)
{
	struct h1_exchange *x = h1_exchange_of(r);

	(void)error; /* HTTP/1 has no word for it but the end of the connection */
	x->reply.failed = true;
	h1_kick(x);
}

static void interim(struct request *r, int status, const struct fields *fields)
{
	struct h1_exchange *x = h1_exchange_of(r);

	h1_write_interim(&x->h1->conn->out, status, fields);
	h1_kick(x);
}

/* What was pulled, cut to what was promised, goes into the connection's queue in its frame. */
static void queue(struct h1_exchange *x, struct outq *piece)
{
	struct outq *q = &x->h1->conn->out;
	uint64_t n = x->reply.sized && piece->bytes > x->reply.left ? x->reply.left : piece->bytes;

	if (n > 0) {
		if (x->reply.chunked)
			h1_write_chunk_begin(q, n);
		outq_move(q, piece, n);
		if (x->reply.chunked)
			h1_write_chunk_end(q);
	}
	outq_clear(piece);
	x->request.content_sent += n;
	if (x->reply.sized)
		x->reply.left -= n;
	x->h1->pulled += n < PULL_SHARE ? (uint32_t)n + PULL_COST : PULL_SHARE;
}

static void end(struct h1_exchange *x)
{
	if (x->reply.sized && x->reply.left > 0) {
		x->reply.failed = true;
		return;
	}
	if (x->reply.chunked)
		h1_write_chunks_end(&x->h1->conn->out);
	x->reply.queued = true;
	close_source(&x->request);
}

static void pull(struct h1_exchange *x, size_t max)
{
	struct source *source = x->request.response.source;
	struct outq piece;

	outq_init(&piece);
	if (x->reply.sized && x->reply.left < max)
		max = x->reply.left ? (size_t)x->reply.left : 1;
	x->reply.woken = false;
	enum pull result = source->ops->pull(source, &piece, max);
	queue(x, &piece);
	if (result == PULL_ERROR)
		x->reply.failed = true;
	else if (result == PULL_END || (x->reply.sized && x->reply.left == 0))
		end(x);
	else if (result == PULL_WAIT)
		x->reply.waiting = !x->reply.woken;
}

static bool wants_pull(const struct h1_exchange *x)
{
	const struct h1_reply *out = &x->reply;

	return out->started && !out->queued && !out->waiting && !out->failed;
}

bool h1_reply_pump(struct h1_exchange *x)
{
	struct outq *q = &x->h1->conn->out;
	bool moved = false;

	while (wants_pull(x) && q->bytes < HIGH_WATER) {
		if (x->h1->pulled >= PULL_SHARE) {
			h1_defer(x);
			return false;
		}
		size_t room = (size_t)(HIGH_WATER - q->bytes);
		pull(x, room > PULL_MIN ? room : PULL_MIN);
		moved = true;
	}
	return moved;
}

static void local(const struct request *r, struct net_addr *out)
{
	const struct h1_exchange *x = CONTAINER_OF(r, struct h1_exchange, request);
	conn_local(x->h1->conn, out);
}

const struct wire h1_wire = {
	.name = "HTTP/1.1",
	.start = start,
	.wake = wake,
	.reset = reset,
	.interim = interim,
	.read_body = h1_content_want,
	.read_on = h1_content_read_on,
	.local = local,
};
