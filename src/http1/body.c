/*
 * body.c - a request's content: from the read buffer, through its framing, to the app or to nowhere
 * (RFC 9112 section 6).
 *
 * Nothing is read before the handler asks for it: until then the socket's own buffer holds the
 * client back. A request with content has its head in the arena, so the read buffer is free to be
 * reused all the time.
 */
#include "http1/engine.h"

#include "http1/write.h"

#include <assert.h>

/*
 * Content that nobody wants is read away if it is no more than this: about what is under way in the
 * socket buffers anyway. Beyond that a new connection is cheaper for both sides.
 */
enum { DISCARD_MAX = 64 << 10 };

void h1_content_begin(struct h1_exchange *x)
{
	struct h1_content *in = &x->content;

	in->is_chunked = x->request.content_length < 0;
	in->left = in->is_chunked ? 0 : (uint64_t)x->request.content_length;
	if (in->is_chunked)
		chunked_init(&in->chunked, &x->h1->server->limits);
}

/*
 * A handler that ignores the content would answer a request with broken chunks as if it were sound:
 * so those that are here are looked at before anybody hears of it. Those that come later meet an
 * answer that is on its way, and end the connection.
 */
struct http_fault h1_content_preview(const struct h1_exchange *x)
{
	struct slice rest = conn_peek(x->h1->conn);
	int64_t most = x->request.terms->body;
	uint64_t have = 0;
	struct chunked d;
	size_t used;

	if (x->request.content_length >= 0)
		return (struct http_fault){ 0 };
	chunked_init(&d, &x->h1->server->limits);
	for (;;) {
		enum chunked_result result = chunked_parse(&d, rest, NULL, &used);
		rest = slice_tail(rest, used);
		if (result == CHUNKED_BAD)
			return (struct http_fault){ 400, d.reason };
		if (result != CHUNKED_DATA || rest.len == 0)
			return (struct http_fault){ 0 };
		if (most > 0 && d.left > (uint64_t)most - have)
			return http_too_large;
		size_t len = slice_head(rest, d.left).len;
		have += len;
		chunked_take(&d, len);
		rest = slice_tail(rest, len);
	}
}

static bool discarding(const struct h1_exchange *x)
{
	return x->h1->state == H1_DISCARD;
}

bool h1_content_flows(const struct h1_exchange *x)
{
	const struct h1_content *in = &x->content;

	return !in->ended && (discarding(x) || (in->wanted && !in->full));
}

bool h1_content_can_be_left(const struct h1_exchange *x)
{
	if (x->content.ended)
		return true;
	/* Without a 100 the client may send the content or leave it out: RFC 9110 section 10.1.1.
	 * What comes next could be either. */
	if (x->request.expect_continue)
		return false;
	return x->content.is_chunked || x->content.left <= DISCARD_MAX;
}

static struct pace_rule rule(const struct h1_exchange *x)
{
	return http_body_rule(x->request.terms);
}

void h1_content_discard(struct h1_exchange *x)
{
	pace_start(&x->content.pace, h1_now_ms(x->h1), rule(x));
}

static void end(struct h1_exchange *x)
{
	x->content.ended = true;
	if (!discarding(x))
		x->request.app->on_end(&x->request);
}

/* Returns how many bytes found a taker. */
static size_t deliver(struct h1_exchange *x, struct slice bytes)
{
	struct h1_content *in = &x->content;
	struct request *r = &x->request;

	if (discarding(x)) {
		in->discarded += bytes.len;
		return bytes.len;
	}
	in->woken = false;
	size_t taken = r->app->on_body(r, bytes);
	assert(taken <= bytes.len);
	r->content_received += taken;
	if (taken < bytes.len && !in->woken) {
		in->full = true;
		pace_pause(&in->pace, h1_now_ms(x->h1));
	}
	return taken;
}

/* What is here of it; BLOCKED: more has to be read. */
static enum h1_flow take_sized(struct h1_exchange *x)
{
	struct conn *c = x->h1->conn;
	struct h1_content *in = &x->content;
	struct slice bytes = slice_head(conn_peek(c), in->left);

	if (bytes.len == 0)
		return H1_FLOW_BLOCKED;
	size_t taken = deliver(x, bytes);
	conn_consume(c, taken);
	in->left -= taken;
	if (in->left == 0)
		end(x);
	return H1_FLOW_MOVED;
}

/* As soon as a chunk's size says so. */
static bool is_too_large(const struct h1_exchange *x)
{
	int64_t most = x->request.terms->body;
	uint64_t have = x->request.content_received + x->content.discarded;

	return most > 0 && x->content.chunked.left > (uint64_t)most - have;
}

static enum h1_flow take_chunked(struct h1_exchange *x)
{
	struct conn *c = x->h1->conn;
	struct chunked *d = &x->content.chunked;
	struct slice bytes = conn_peek(c);
	size_t used = 0, taken;

	if (bytes.len == 0)
		return H1_FLOW_BLOCKED;
	enum chunked_result result = chunked_parse(d, bytes, &x->request, &used);
	conn_consume(c, used);
	switch (result) {
	case CHUNKED_DATA:
		if (is_too_large(x))
			return H1_FLOW_LARGE;
		bytes = slice_head(conn_peek(c), d->left);
		if (bytes.len == 0)
			return H1_FLOW_BLOCKED;
		taken = deliver(x, bytes);
		conn_consume(c, taken);
		chunked_take(d, taken);
		return H1_FLOW_MOVED;
	case CHUNKED_DONE:
		end(x);
		return H1_FLOW_MOVED;
	case CHUNKED_MORE:
		return H1_FLOW_BLOCKED;
	case CHUNKED_BAD:
		break;
	}
	return H1_FLOW_FAULT;
}

/* A trailer line has to be in the buffer as a whole; chunked.c refuses one that is over
 * header_size. */
static int make_room(struct h1_exchange *x)
{
	struct conn *c = x->h1->conn;
	size_t max = CONN_BUFFER + (size_t)x->h1->server->limits.header_size;
	size_t room = c->in_pos > 0 ? c->in_cap : c->in_cap * 2;

	return conn_grow(c, room < max ? room : max, max);
}

static enum h1_flow read_more(struct h1_exchange *x)
{
	struct conn *c = x->h1->conn;

	conn_release_in(c);
	int rc = conn_read(c);
	if (rc == ERR_FULL && make_room(x) == OK)
		rc = conn_read(c);
	if (rc == ERR_AGAIN)
		return H1_FLOW_BLOCKED;
	return rc == OK ? H1_FLOW_MOVED : H1_FLOW_CLOSED;
}

enum h1_flow h1_content_pump(struct h1_exchange *x)
{
	enum h1_flow flow = H1_FLOW_BLOCKED;
	bool moved = false;

	while (h1_content_flows(x)) {
		flow = x->content.is_chunked ? take_chunked(x) : take_sized(x);
		if (flow == H1_FLOW_BLOCKED) {
			size_t before = conn_peek(x->h1->conn).len;
			flow = read_more(x);
			size_t got = conn_peek(x->h1->conn).len - before;
			if (got > 0)
				pace_moved(&x->content.pace, h1_now_ms(x->h1), got, rule(x));
		}
		if (flow != H1_FLOW_MOVED)
			break;
		moved = true;
		if (x->content.discarded > DISCARD_MAX)
			return H1_FLOW_LARGE;
	}
	if (flow == H1_FLOW_BLOCKED || flow == H1_FLOW_MOVED)
		return moved ? H1_FLOW_MOVED : H1_FLOW_BLOCKED;
	return flow;
}

/* A 100 is of use only as long as nothing of the content is here yet: RFC 9110 section 10.1.1. */
static void send_continue(struct h1_exchange *x)
{
	struct conn *c = x->h1->conn;

	if (x->request.expect_continue && !x->reply.started && conn_peek(c).len == 0)
		h1_write_interim(&c->out, 100, NULL);
	x->request.expect_continue = false;
}

void h1_content_want(struct request *r)
{
	struct h1_exchange *x = h1_exchange_of(r);

	x->content.wanted = true;
	if (x->content.ended) {
		request_end_content(r);
		return;
	}
	send_continue(x);
	pace_start(&x->content.pace, h1_now_ms(x->h1), rule(x));
	h1_kick(x);
}

void h1_content_read_on(struct request *r)
{
	struct h1_exchange *x = h1_exchange_of(r);

	x->content.woken = true;
	if (x->content.full)
		pace_resume(&x->content.pace, h1_now_ms(x->h1));
	x->content.full = false;
	h1_kick(x);
}
