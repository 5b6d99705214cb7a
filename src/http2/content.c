/*
 * content.c - a request's content: from the session to the app, or to nowhere (RFC 9113 section
 * 8.1).
 *
 * The windows hold the client back: bytes count as consumed, and make room for more, only when they
 * have found a taker. What has come before it was wanted, or while the sink was full, waits here;
 * that is no more than the stream's window.
 */
#include "http2/stream.h"

#include "http/wire.h"

#include <assert.h>

/*
 * Content that nobody wants is thrown away, but makes no room for more: so it is one window at
 * most. Clients that have not ended it after this long are told to stop, in the way of RFC 9113
 * section 8.1. Not at once: some take the reset for the answer if they read both together.
 */
enum { DISCARD_MS = 2000 };

static const struct http_fault too_slow = { 408, "request took too long (RFC 9110 15.5.9)" };

bool h2_content_flows(const struct h2_stream *x)
{
	const struct h2_content *in = &x->content;

	if (in->eof)
		return false;
	return in->discarding || (x->in_app && in->wanted && !in->full);
}

static struct pace_rule rule(const struct h2_stream *x)
{
	return http_body_rule(x->request.terms);
}

static void consumed(struct h2_stream *x, size_t n)
{
	nghttp2_session_consume(x->h2->session, x->id, n);
}

/* Whoever answers without having asked for the content does not want it any more. */
static bool is_for_nobody(const struct h2_stream *x)
{
	return !x->in_app || (x->reply.started && !x->content.wanted);
}

static void stop(struct h2_stream *x)
{
	x->content.discarding = false;
	nghttp2_submit_rst_stream(x->h2->session, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_NO_ERROR);
	h2_kick(x->h2);
}

void h2_content_discard(struct h2_stream *x)
{
	struct h2_content *in = &x->content;

	nghttp2_session_consume_connection(x->h2->session, in->waiting.len);
	buf_fini(&in->waiting);
	in->discarding = true;
	in->pace.due_ms = h2_now_ms(x->h2) + DISCARD_MS;
}

void h2_content_expired(struct h2_stream *x)
{
	if (x->content.discarding)
		stop(x);
	else
		h2_stream_fail(x, ABORT_TIMEOUT, too_slow);
}

/* Returns how many bytes found a taker. */
static size_t deliver(struct h2_stream *x, struct slice bytes)
{
	struct h2_content *in = &x->content;
	struct request *r = &x->request;

	if (!in->wanted || in->full)
		return 0;
	in->woken = false;
	size_t taken = r->app->on_body(r, bytes);
	assert(taken <= bytes.len);
	r->content_received += taken;
	if (taken < bytes.len && !in->woken) {
		in->full = true;
		pace_pause(&in->pace, h2_now_ms(x->h2));
	}
	return taken;
}

/* The limit holds for what has come, wanted or not. */
static bool is_too_large(const struct h2_stream *x, size_t more)
{
	int64_t most = x->request.terms->body;
	uint64_t have = x->request.content_received + x->content.waiting.len;

	return most > 0 && have + more > (uint64_t)most;
}

void h2_content_take(struct h2_stream *x, struct slice bytes)
{
	struct h2_content *in = &x->content;
	size_t taken = 0;

	if (is_for_nobody(x)) {
		nghttp2_session_consume_connection(x->h2->session, bytes.len);
		return;
	}
	if (is_too_large(x, bytes.len)) {
		consumed(x, bytes.len);
		h2_stream_fail(x, ABORT_TOO_LARGE, http_too_large);
		return;
	}
	if (h2_content_flows(x))
		pace_moved(&in->pace, h2_now_ms(x->h2), bytes.len, rule(x));
	while (in->waiting.len == 0 && taken < bytes.len) {
		size_t n = deliver(x, slice_tail(bytes, taken));
		taken += n;
		if (n == 0 && !in->woken)
			break;
	}
	if (taken > 0)
		consumed(x, taken);
	if (taken == bytes.len)
		return;
	if (!in->waiting.data)
		buf_init(&in->waiting, H2_WINDOW_WANTED);
	int rc = buf_append(&in->waiting, slice_tail(bytes, taken));
	assert(rc == OK);
}

static void end(struct h2_stream *x)
{
	if (!x->content.eof || x->content.waiting.len > 0 || x->content.ended || !x->in_app)
		return;
	x->content.ended = true;
	x->request.app->on_end(&x->request);
}

void h2_content_end(struct h2_stream *x)
{
	x->content.eof = true;
	end(x);
}

void h2_content_pump(struct h2_stream *x)
{
	struct h2_content *in = &x->content;
	size_t n = 0;

	while (x->in_app && in->waiting.len > 0) {
		n = deliver(x, buf_peek(&in->waiting));
		if (n == 0 && !in->woken)
			return;
		buf_consume(&in->waiting, n);
		consumed(x, n);
	}
	if (n > 0)
		buf_fini(&in->waiting);
	end(x);
}

/* A 100 is of use only as long as nothing of the content is here yet: RFC 9110 section 10.1.1. */
static void send_continue(struct h2_stream *x)
{
	const struct h2_content *in = &x->content;
	bool came = in->eof || in->waiting.len > 0;

	if (x->request.expect_continue && !x->reply.started && !came)
		h2_head_interim(x, 100, NULL);
	x->request.expect_continue = false;
}

/* There is a taker now: more of it may be under way at once. */
static void widen(struct h2_stream *x)
{
	int64_t length = x->request.content_length;

	if (!x->content.eof && (length < 0 || length > H2_WINDOW))
		nghttp2_session_set_local_window_size(
		    x->h2->session, NGHTTP2_FLAG_NONE, x->id, H2_WINDOW_WANTED);
}

void h2_content_want(struct request *r)
{
	struct h2_stream *x = h2_stream_of(r);

	x->content.wanted = true;
	if (x->content.ended) {
		request_end_content(r);
		return;
	}
	send_continue(x);
	widen(x);
	pace_start(&x->content.pace, h2_now_ms(x->h2), rule(x));
	x->h2->woken = true;
	h2_kick(x->h2);
}

void h2_content_read_on(struct request *r)
{
	struct h2_stream *x = h2_stream_of(r);

	x->content.woken = true;
	if (x->content.full)
		pace_resume(&x->content.pace, h2_now_ms(x->h2));
	x->content.full = false;
	x->h2->woken = true;
	h2_kick(x->h2);
}
