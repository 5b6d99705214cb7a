/*
 * http2.c - fuzz target: the engine of HTTP/2 between a peer that says anything, in pieces of any
 * size, and an app that does what the path's first letter says. The app has to hear of each request
 * as http/app.h promises, and what the server says has to be whole frames.
 *
 * The first byte of an input: bits 0-2 how much a recv brings, bits 3-5 how much a send takes; bit
 * 6: the preface and SETTINGS stand in the input. What follows is sent.
 */
#include "http2/http2.h"
#include "base/log.h"
#include "http/app.h"
#include "http/server.h"
#include "http/wire.h"
#include "net/acceptor.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TURNS = 48, /* for the input; a step of one byte does not get through all of a long one */
	LAST_TURNS = 8, /* after it */
	PIECES = 6,     /* recvs and sends in a turn */
	FRAME_MAX = 16384,
	HELD = 8,
	LARGE = 70000, /* more than a window */
};

static const size_t steps[8] = { SIZE_MAX, 1, 3, 9, 10, 64, 1000, 16384 };

/* The connection at hand. */
static struct {
	struct slice input;
	size_t recv_step, send_step;
	int recvs, sends; /* left in this turn */
	bool eof;
	/* What the server said. */
	uint8_t head[9];
	size_t head_len;
	size_t payload; /* bytes still to come */
	/* What the app was told. */
	int heads, ends;
	int sources, sources_closed;
	struct request *held[HELD];
} peer;

static char large[LARGE];

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* ---- what the server says ------------------------------------------------------------------ */

static void check_head(void)
{
	const uint32_t sent = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 7 | 1u << 8;
	uint32_t stream = (uint32_t)peer.head[5] << 24 | (uint32_t)peer.head[6] << 16 |
			  (uint32_t)peer.head[7] << 8 | peer.head[8];

	peer.payload = (size_t)peer.head[0] << 16 | (size_t)peer.head[1] << 8 | peer.head[2];
	require(peer.payload <= FRAME_MAX);
	require(peer.head[3] < 32 && (sent >> peer.head[3] & 1));
	require(stream == 0 || stream % 2 == 1);
	peer.head_len = 0;
}

static void check_bytes(struct slice bytes)
{
	while (bytes.len > 0) {
		size_t n = peer.payload < bytes.len ? peer.payload : bytes.len;
		peer.payload -= n;
		bytes = slice_tail(bytes, n);
		if (bytes.len == 0)
			return;
		peer.head[peer.head_len++] = (uint8_t)bytes.ptr[0];
		bytes = slice_tail(bytes, 1);
		if (peer.head_len == sizeof(peer.head))
			check_head();
	}
}

/* ---- the transport ------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static ssize_t on_recv(struct conn *c, char *to, size_t room)
{
	size_t n = least(least(peer.input.len, peer.recv_step), room);

	(void)c;
	if (peer.eof)
		return 0;
	if (n == 0 || peer.recvs-- <= 0)
		return ERR_AGAIN;
	memcpy(to, peer.input.ptr, n);
	peer.input = slice_tail(peer.input, n);
	return (ssize_t)n;
}

static ssize_t on_sendv(struct conn *c, const struct iovec *iov, int count, bool more)
{
	size_t sent = 0;

	(void)c, (void)more;
	if (peer.send_step != SIZE_MAX && peer.sends-- <= 0)
		return ERR_AGAIN;
	for (int i = 0; i < count && sent < peer.send_step; i++) {
		size_t n = least(iov[i].iov_len, peer.send_step - sent);
		check_bytes(slice_of(iov[i].iov_base, n));
		sent += n;
	}
	return (ssize_t)sent;
}

/* ---- the app ------------------------------------------------------------------------------- */

struct exchange {
	struct request *request;
	struct sink sink;
	struct source source;
	size_t left; /* bytes that the source still gives */
	size_t room; /* that the sink has */
	bool waits;  /* until the next turn */
	bool fails;
	bool pending; /* the content is not ended, nor given up */
};

static void answer(struct request *r, struct slice body)
{
	r->response.status = 200;
	response_set_body(r, body, NULL);
	response_start(r);
}

static size_t on_push(struct sink *sink, struct slice bytes)
{
	struct exchange *x = CONTAINER_OF(sink, struct exchange, sink);
	size_t n = least(bytes.len, x->room);

	require(x->pending && bytes.len > 0);
	if (x->room != SIZE_MAX)
		x->room -= n;
	return n;
}

static void on_sink_end(struct sink *sink)
{
	struct exchange *x = CONTAINER_OF(sink, struct exchange, sink);

	require(x->pending);
	x->pending = false;
	if (!x->request->response.started)
		answer(x->request, SLICE("taken"));
}

static void on_sink_abort(struct sink *sink)
{
	struct exchange *x = CONTAINER_OF(sink, struct exchange, sink);

	require(x->pending);
	x->pending = false;
}

static enum pull on_pull(struct source *source, struct outq *q, size_t max)
{
	struct exchange *x = CONTAINER_OF(source, struct exchange, source);
	size_t n = least(least(x->left, max), 3000);

	if (x->waits)
		return PULL_WAIT;
	outq_borrow(q, slice_of(large, n), NULL);
	x->left -= n;
	if (x->left > 0)
		return PULL_MORE;
	return x->fails ? PULL_ERROR : PULL_END;
}

static void on_source_close(struct source *source)
{
	(void)source;
	peer.sources_closed++;
}

static const struct sink_ops sink_ops = { on_push, on_sink_end, on_sink_abort };
static const struct source_ops source_ops = { on_pull, on_source_close };

static void hold(struct request *r)
{
	for (int i = 0; i < HELD; i++) {
		if (!peer.held[i]) {
			peer.held[i] = r;
			return;
		}
	}
	response_error(r, 503, NULL);
}

static void forget(const struct request *r)
{
	for (int i = 0; i < HELD; i++)
		if (peer.held[i] == r)
			peer.held[i] = NULL;
}

static void start_source(struct exchange *x, int64_t length, size_t has)
{
	peer.sources++;
	x->left = has;
	x->request->response.status = 200;
	response_set_source(x->request, &x->source, length);
	response_start(x->request);
}

static void read_content(struct exchange *x, size_t room)
{
	x->pending = true;
	x->room = room;
	request_read_body(x->request, &x->sink);
}

static void act(struct exchange *x, char letter)
{
	switch (letter) {
	case 'b':
		read_content(x, SIZE_MAX);
		break;
	case 'c': /* takes a little, and the rest in the next turn */
		hold(x->request);
		if (!x->request->response.started)
			read_content(x, 5);
		break;
	case 'h':
		hold(x->request);
		break;
	case 'l':
		answer(x->request, slice_of(large, LARGE));
		break;
	case 's':
		start_source(x, -1, LARGE);
		break;
	case 'w':
		x->waits = true;
		hold(x->request);
		if (!x->request->response.started)
			start_source(x, LARGE, LARGE);
		break;
	case 'f':
		x->fails = true;
		start_source(x, 5000, 4000);
		break;
	case 'e': /* answers, and then reads */
		answer(x->request, SLICE("early"));
		read_content(x, SIZE_MAX);
		break;
	default:
		answer(x->request, SLICE("hello"));
	}
}

static void on_head(struct request *r)
{
	struct exchange *x = arena_zalloc(&r->arena, sizeof(*x));

	require(r->path.len > 0 && r->method_name.len > 0 && r->host.len > 0);
	peer.heads++;
	*x = (struct exchange){ .request = r, .sink = { &sink_ops }, .source = { &source_ops } };
	r->app_state = x;
	act(x, r->path.len > 1 ? r->path.ptr[1] : '/');
}

static size_t on_body(struct request *r, struct slice bytes)
{
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
	require(r->response.status >= 200);
}

static void on_done(struct request *r)
{
	struct exchange *x = r->app_state;

	require(!x->pending);
	peer.ends++;
	forget(r);
}

static void on_abort(struct request *r, enum abort_reason reason)
{
	struct sink *sink = r->sink;

	(void)reason;
	r->sink = NULL;
	if (sink)
		sink->ops->abort(sink);
	on_done(r);
}

static void on_refused(struct request *r)
{
	require(r->response.status >= 400);
}

static const struct app app = {
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_response = on_response,
	.on_done = on_done,
	.on_abort = on_abort,
	.on_refused = on_refused,
};

/* What was put off is done. */
static void go_on(void)
{
	for (int i = 0; i < HELD; i++) {
		struct request *r = peer.held[i];
		struct exchange *x = r ? r->app_state : NULL;
		if (!x)
			continue;
		if (x->waits) {
			x->waits = false;
			response_wake(r);
		} else if (x->pending) {
			x->room += 5;
			request_read_on(r);
		} else if (!r->response.started) {
			answer(r, SLICE("late"));
		}
	}
}

/* ---- a run --------------------------------------------------------------------------------- */

static struct http_server server = {
	.app = &app,
	.limits = { .uri = 128, .header_size = 1024, .headers = 16 },
	.timeouts = { .header_ms = 60000, .idle_ms = 60000 },
	.terms = { .body = 30000, .body_ms = 60000, .send_ms = 60000, .keepalive = true },
	.connections_max = 10,
};

static void turn(struct net_worker *net, int fd)
{
	ssize_t n = send(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* an edge, for both directions */

	(void)n;
	peer.recvs = peer.sends = PIECES;
	loop_turn(net->loop, 0);
	go_on();
	loop_turn(net->loop, 0);
}

static void begin(struct net_worker *net)
{
	static const struct net_limits limits = { .connections = 10 };

	log_init(&(struct log_sink){ .fd = STDERR_FILENO, .level = LOG_LEVEL_ERROR });
	net_worker_init(net, loop_new(), &limits);
}

static int open_peer(struct net_worker *net, const struct transport *transport)
{
	static const struct net_addr nobody = { .any = { .sa_family = AF_UNIX } };
	struct acceptor_spec spec = {
		.protocol = &http2_protocol, .transport = transport, .server = &server
	};
	int fds[2];

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	conn_start(net, &spec, fds[0], &nobody, false);
	return fds[1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char opening[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
	static struct net_worker net;
	struct transport transport = transport_plain;

	if (!net.loop)
		begin(&net);
	if (size == 0)
		return 0;
	memset(&peer, 0, sizeof(peer));
	peer.recv_step = steps[data[0] & 7];
	peer.send_step = steps[data[0] >> 3 & 7];
	transport.recv = on_recv;
	transport.sendv = on_sendv;
	int fd = open_peer(&net, &transport);
	if (!(data[0] & 64)) {
		peer.input = slice_of(opening, sizeof(opening)); /* its NUL is one of SETTINGS' */
		for (int i = 0; i < TURNS && peer.input.len > 0; i++)
			turn(&net, fd);
	}
	peer.input = slice_of((const char *)data + 1, size - 1);
	for (int i = 0; i < TURNS && peer.input.len > 0 && net.count > 0; i++)
		turn(&net, fd);
	for (int i = 0; i < LAST_TURNS && net.count > 0; i++) {
		turn(&net, fd);
		peer.eof = i >= LAST_TURNS / 2;
	}
	net_worker_cut(&net);
	loop_turn(net.loop, 0);
	close(fd);
	require(net.count == 0);
	require(peer.heads == peer.ends && peer.sources == peer.sources_closed);
	return 0;
}
