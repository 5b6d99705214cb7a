/*
 * reply.c - a response on its way out: its source pulled as the session asks for frames, its bytes
 * moved into the connection's queue (http/wire.h).
 *
 * The session asks when the peer's windows have room and the stream's turn has come. Nothing but
 * small bodies is copied here: bytes in memory are borrowed, ranges of files stay ranges until they
 * are sent (outq.c).
 */
#include "http2/stream.h"

#include "http/status.h"
#include "http/wire.h"

#include <assert.h>

enum {
	/* A piece of content up to this size is copied behind its head: less work than an item of
	   its own in the queue, and in each sendmsg. */
	COPY_MAX = 1024,
	/* What a pull without bytes counts for in a run's share. */
	PULL_COST = 1 << 10,
	PULL_SHARE = 1 << 20,
};

static bool has_content(const struct request *r)
{
	return r->method != METHOD_HEAD && status_has_content(r->response.status);
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
	struct h2_stream *x = h2_stream_of(r);
	struct response *response = &r->response;
	struct h2_reply *out = &x->reply;
	bool content = has_content(r);

	assert(!out->started);
	if (content && !response->source)
		response->length = (int64_t)response->body.len;
	bool known = response->length >= 0;
	out->started = true;
	out->content = content && response->length != 0;
	out->sized = known;
	out->left = known ? (uint64_t)response->length : 0;
	if (!out->content)
		close_source(r);
	else if (!response->source)
		out->body = response->body;
	if (h2_head_submit(x, out->content, known && status_has_content(response->status)) != 0)
		h2_stream_reset(x, NGHTTP2_INTERNAL_ERROR);
	h2_kick(x->h2);
}

static void wake(struct request *r)
{
	struct h2_stream *x = h2_stream_of(r);
	struct h2_reply *out = &x->reply;

	out->woken = true;
	out->waiting = false;
	if (!out->deferred)
		return;
	out->deferred = false;
	if (out->pace.due_ms > 0)
		pace_resume(&out->pace, h2_now_ms(x->h2));
	nghttp2_session_resume_data(x->h2->session, x->id);
	h2_kick(x->h2);
}

static void reset(struct request *r, int error)
{
	struct h2_stream *x = h2_stream_of(r);

	(void)error;
	x->reason = ABORT_SOURCE;
	h2_stream_reset(x, NGHTTP2_INTERNAL_ERROR);
}

static void interim(struct request *r, int status, const struct fields *fields)
{
	struct h2_stream *x = h2_stream_of(r);

	h2_head_interim(x, status, fields);
	h2_kick(x->h2);
}

/* ---- what the session asks for ------------------------------------------------------------- */

static void pull(struct h2_stream *x, size_t max)
{
	struct h2_reply *out = &x->reply;
	struct source *source = x->request.response.source;

	out->woken = false;
	enum pull result = source->ops->pull(source, &out->out, max);
	x->h2->pulled += PULL_COST;
	if (result == PULL_ERROR) {
		out->failed = true;
	} else if (result == PULL_END) {
		out->pulled = true;
		out->failed = out->sized && out->out.bytes < out->left;
		close_source(&x->request);
	} else if (result == PULL_WAIT) {
		out->waiting = !out->woken;
	}
}

/* Fills up to a frame's worth, as far as the source has it. */
static void fill(struct h2_stream *x, size_t max)
{
	struct h2_reply *out = &x->reply;

	while (out->out.bytes < max && !out->pulled && !out->waiting && !out->failed &&
	       x->h2->pulled < PULL_SHARE)
		pull(x, max - (size_t)out->out.bytes);
}

/* Nothing is ready: to be asked again when woken, or in the next run. */
static ssize_t put_off(struct h2_stream *x)
{
	struct h2_reply *out = &x->reply;

	if (!out->waiting) {
		x->h2->paused = true;
		return NGHTTP2_ERR_PAUSE;
	}
	out->deferred = true;
	if (out->pace.due_ms > 0)
		pace_pause(&out->pace, h2_now_ms(x->h2));
	return NGHTTP2_ERR_DEFERRED;
}

ssize_t h2_reply_length(struct h2_stream *x, size_t max, uint32_t *flags)
{
	struct h2_reply *out = &x->reply;
	size_t n = out->body.len < max ? out->body.len : max;

	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (out->body.len > 0) {
		if (n == out->body.len)
			*flags |= NGHTTP2_DATA_FLAG_EOF;
		return (ssize_t)n;
	}
	if (out->sized && out->left < max)
		max = (size_t)out->left;
	if (!out->failed)
		fill(x, max);
	if (out->failed) {
		x->reason = ABORT_SOURCE;
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	n = out->out.bytes < max ? (size_t)out->out.bytes : max;
	bool last = (out->pulled && n == out->out.bytes) || (out->sized && n == out->left);
	if (last)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return n > 0 || last ? (ssize_t)n : put_off(x);
}

static struct owner *owner_of_body(struct h2_stream *x)
{
	struct owner *owner = x->request.response.body_owner;

	return owner ? owner : &x->owner;
}

static void queue(struct h2_stream *x, const uint8_t *head, size_t length)
{
	struct outq *q = &x->h2->conn->out;
	struct slice *body = &x->reply.body;

	if (body->len > 0 && length <= COPY_MAX) {
		char *to = outq_reserve(q, H2_FRAME_HEAD + length);
		memcpy(to, head, H2_FRAME_HEAD);
		memcpy(to + H2_FRAME_HEAD, body->ptr, length);
		outq_commit(q, H2_FRAME_HEAD + length);
		*body = slice_tail(*body, length);
		return;
	}
	outq_copy(q, slice_of((const char *)head, H2_FRAME_HEAD));
	if (body->len > 0) {
		outq_borrow(q, slice_head(*body, length), owner_of_body(x));
		*body = slice_tail(*body, length);
	} else {
		outq_move(q, &x->reply.out, length);
	}
}

int h2_reply_frame(struct h2_stream *x, const uint8_t *head, size_t length)
{
	struct h2 *h = x->h2;
	struct h2_reply *out = &x->reply;

	queue(x, head, length);
	x->request.content_sent += length;
	if (out->sized)
		out->left -= length;
	h->pulled += (uint32_t)length;
	h2_guard_earn(&h->guard, H2_EARN_CONTENT);
	if (out->pace.due_ms > 0)
		pace_moved(&out->pace, h2_now_ms(h), length, http_send_rule(x->request.terms));
	h->paused = h->conn->out.bytes >= H2_HIGH_WATER;
	return h->paused ? NGHTTP2_ERR_PAUSE : 0;
}

bool h2_reply_is_due(const struct h2_stream *x)
{
	const struct h2_reply *out = &x->reply;

	return out->started && out->content && !out->deferred && !out->sent && !out->failed;
}

static void local(const struct request *r, struct net_addr *out)
{
	const struct h2_stream *x = CONTAINER_OF(r, struct h2_stream, request);
	conn_local(x->h2->conn, out);
}

const struct wire h2_wire = {
	.name = "HTTP/2.0",
	.start = start,
	.wake = wake,
	.reset = reset,
	.interim = interim,
	.read_body = h2_content_want,
	.read_on = h2_content_read_on,
	.local = local,
};
