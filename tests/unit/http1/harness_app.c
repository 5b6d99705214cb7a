/*
 * harness_app.c - the application of harness.h.
 */
#include "harness_app.h"

#include "base/number.h"
#include "harness.h"

enum { BIG = 1 << 20, PIECE = 5, WIDE = 200000 };

static char big[BIG];

struct exchange {
	struct request *request;
	struct sink sink;
	struct source source;
	uint64_t has; /* bytes that the source still gives */
	bool fails;
	bool waits;
	bool slow;
	bool wide;   /* pieces over what the queue is filled to */
	size_t room; /* of a slow sink */
};

static struct exchange *exchange_of(struct request *r)
{
	return r->app_state;
}

static size_t on_push(struct sink *sink, struct slice bytes)
{
	struct exchange *x = CONTAINER_OF(sink, struct exchange, sink);
	size_t n = bytes.len;

	if (x->slow && n > x->room)
		n = x->room;
	x->room -= x->slow ? n : 0;
	assert_true(harness.content_len + n <= sizeof(harness.content));
	memcpy(harness.content + harness.content_len, bytes.ptr, n);
	harness.content_len += n;
	return n;
}

static void answer(struct request *r, struct slice body)
{
	r->response.status = 200;
	response_set_body(r, body, NULL);
	response_start(r);
}

static void on_sink_end(struct sink *sink)
{
	struct request *r = CONTAINER_OF(sink, struct exchange, sink)->request;

	if (r->response.started)
		return;
	answer(r, harness.content_len
		      ? arena_dup(&r->arena, slice_of(harness.content, harness.content_len))
		      : SLICE("hello"));
}

static void on_sink_abort(struct sink *sink)
{
	(void)sink;
	harness.sinks_aborted++;
}

static const struct sink_ops sink_ops = { on_push, on_sink_end, on_sink_abort };

static enum pull on_pull(struct source *source, struct outq *q, size_t max)
{
	struct exchange *x = CONTAINER_OF(source, struct exchange, source);
	size_t most = x->wide ? WIDE : PIECE;
	size_t n = x->has < most ? (size_t)x->has : most;

	(void)max;
	if (x->waits)
		return PULL_WAIT;
	if (x->wide)
		outq_borrow(q, slice_of(big, n), NULL);
	else
		outq_copy(q, slice_of("0123456789", n));
	x->has -= n;
	if (x->has > 0)
		return PULL_MORE;
	return x->fails ? PULL_ERROR : PULL_END;
}

static void on_source_close(struct source *source)
{
	(void)source;
	harness.sources_closed++;
}

static const struct source_ops source_ops = { on_pull, on_source_close };

static void answer_source(struct exchange *x, int64_t length, uint64_t has)
{
	x->has = has;
	x->request->response.status = 200;
	response_set_source(x->request, &x->source, length);
	response_start(x->request);
}

/* "/source/LEN/HAS" */
static void on_source(struct exchange *x)
{
	struct slice rest = slice_tail(x->request->path, sizeof("/source/") - 1);
	struct slice length = slice_split(&rest, '/');
	uint64_t promised = 0, has = 0;

	assert_int_equal(number_parse(rest, UINT32_MAX, &has), OK);
	if (!slice_eq(length, SLICE("-")))
		assert_int_equal(number_parse(length, UINT32_MAX, &promised), OK);
	answer_source(x, slice_eq(length, SLICE("-")) ? -1 : (int64_t)promised, has);
}

static void on_status(struct request *r)
{
	uint64_t status = 0;

	assert_int_equal(number_parse(slice_tail(r->path, 8), 599, &status), OK);
	r->response.status = (int)status;
	response_set_body(r, SLICE("body"), NULL);
	response_start(r);
}

static void on_hints(struct request *r)
{
	struct fields fields = { 0 };

	fields_add(&fields, &r->arena, FIELD_OTHER, SLICE("Link"), SLICE("</a>; rel=preload"));
	response_interim(r, 103, &fields);
	answer(r, SLICE("hello"));
}

/* What needs more than one line is in a function of its own. */
static void act(struct exchange *x)
{
	struct request *r = x->request;

	if (slice_eq(r->path, SLICE("/ignore"))) {
		answer(r, SLICE("hello"));
	} else if (slice_eq(r->path, SLICE("/hold"))) {
		harness.held = r;
	} else if (slice_starts(r->path, SLICE("/status/"))) {
		on_status(r);
	} else if (slice_eq(r->path, SLICE("/close"))) {
		r->response.close = true;
		answer(r, SLICE("hello"));
	} else if (slice_eq(r->path, SLICE("/big"))) {
		answer(r, slice_of(big, sizeof(big)));
	} else if (slice_starts(r->path, SLICE("/source/"))) {
		on_source(x);
	} else if (slice_eq(r->path, SLICE("/fail"))) {
		x->fails = true;
		answer_source(x, 10, 5);
	} else if (slice_eq(r->path, SLICE("/wait"))) {
		x->waits = true;
		harness.held = r;
		answer_source(x, 5, 5);
	} else if (slice_eq(r->path, SLICE("/wide"))) {
		x->wide = true;
		answer_source(x, -1, 9 * WIDE);
	} else if (slice_eq(r->path, SLICE("/hints"))) {
		on_hints(r);
	} else if (slice_eq(r->path, SLICE("/eager"))) {
		answer(r, SLICE("hello"));
		request_read_body(r, &x->sink);
	} else {
		x->slow = slice_eq(r->path, SLICE("/slow"));
		harness.held = x->slow ? r : NULL;
		x->room = PIECE;
		request_read_body(r, &x->sink);
	}
}

static void on_head(struct request *r)
{
	struct exchange *x = arena_zalloc(&r->arena, sizeof(*x));

	harness.heads++;
	harness.content_len = 0;
	x->request = r;
	x->sink.ops = &sink_ops;
	x->source.ops = &source_ops;
	r->app_state = x;
	if (r->method == METHOD_OTHER)
		response_error(r, 501, NULL);
	else
		act(x);
}

static size_t on_body(struct request *r, struct slice bytes)
{
	assert_non_null(r->sink);
	assert_true(bytes.len > 0);
	return r->sink->ops->push(r->sink, bytes);
}

static void on_end(struct request *r)
{
	struct sink *sink = r->sink;

	r->sink = NULL;
	if (sink)
		sink->ops->end(sink);
}

static void on_response(struct request *r)
{
	assert_true(r->response.status >= 200);
}

static void on_ended(struct request *r)
{
	if (harness.held == r)
		harness.held = NULL;
	harness.content_sent = r->content_sent;
}

static void on_done(struct request *r)
{
	harness.dones++;
	on_ended(r);
}

static void on_abort(struct request *r, enum abort_reason reason)
{
	struct sink *sink = r->sink;

	r->sink = NULL;
	if (sink)
		sink->ops->abort(sink);
	harness.aborts++;
	harness.abort_reason = reason;
	on_ended(r);
}

static void on_refused(struct request *r)
{
	harness.refusals++;
	harness.refused_status = r->response.status;
}

static void on_route(struct request *r)
{
	assert_ptr_equal(r->terms, &harness.server.terms);
	if (harness.terms)
		r->terms = harness.terms;
}

const struct app harness_app = {
	.on_route = on_route,
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_response = on_response,
	.on_done = on_done,
	.on_abort = on_abort,
	.on_refused = on_refused,
};

void harness_answer(const char *text)
{
	assert_non_null(harness.held);
	answer(harness.held, slice_str(text));
}

void harness_wake(void)
{
	exchange_of(harness.held)->waits = false;
	response_wake(harness.held);
}

void harness_read_on(void)
{
	exchange_of(harness.held)->room = PIECE;
	request_read_on(harness.held);
}
