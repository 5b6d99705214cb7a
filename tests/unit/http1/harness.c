/*
 * harness.c - see harness.h.
 */
#include "harness.h"

#include "harness_app.h"
#include "http1/http1.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	QUIET_TURNS = 4, /* so many without a word: the server waits for us */
	PATIENCE = 1000, /* turns of at most 5 ms */
};

struct harness harness;

/* As the plain transport, but cut short as a full or slow socket would. */
static ssize_t cut_recv(struct conn *c, char *to, size_t room)
{
	harness.recvs++;
	return transport_plain.recv(c, to, harness.cut && room > harness.cut ? harness.cut : room);
}

static ssize_t cut_sendv(struct conn *c, const struct iovec *iov, int count, bool more)
{
	struct iovec first = iov[0];

	harness.sends++;
	if (!harness.cut)
		return transport_plain.sendv(c, iov, count, more);
	if (first.iov_len > harness.cut)
		first.iov_len = harness.cut;
	return transport_plain.sendv(c, &first, 1, more);
}

static struct transport transport;

void harness_start(void)
{
	static const struct net_limits limits = { .connections = 100 };

	memset(&harness, 0, sizeof(harness));
	harness.protocol = &http1_protocol;
	harness.server = (struct http_server){
		.app = &harness_app,
		.limits = { .uri = 256, .header_size = 1024, .headers = 10, .pipeline = 4096 },
		.timeouts = { .header_ms = 60000, .idle_ms = 60000 },
		.terms = { .body = 1000, .body_ms = 60000, .send_ms = 60000, .keepalive = true },
		.connections_max = 100,
	};
	transport = transport_plain;
	transport.recv = cut_recv;
	transport.sendv = cut_sendv;
	net_worker_init(&harness.net, loop_new(), &limits);
}

void harness_stop(void)
{
	struct loop *loop = harness.net.loop;

	net_worker_cut(&harness.net);
	loop_turn(loop, 0);
	assert_int_equal(harness.net.count, 0);
	assert_int_equal(harness.heads, harness.dones + harness.aborts);
	net_worker_fini(&harness.net);
	loop_free(&loop);
}

int harness_connect(void)
{
	static const struct net_addr peer = { .any = { .sa_family = AF_UNIX } };
	struct acceptor_spec spec = {
		.protocol = harness.protocol,
		.transport = &transport,
		.server = &harness.server,
	};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_start(&harness.net, &spec, fds[0], &peer, false);
	return fds[1];
}

/* What came in one go; false if nothing did. */
static bool take(int fd)
{
	ssize_t n =
	    recv(fd, harness.got + harness.got_len, sizeof(harness.got) - 1 - harness.got_len, 0);

	if (n > 0)
		harness.got_len += (size_t)n;
	harness.got[harness.got_len] = '\0';
	if (n == 0)
		harness.eof = true;
	if (n < 0 && errno == ECONNRESET)
		harness.eof = harness.reset = true;
	return n > 0;
}

void harness_send(int fd, const char *bytes, size_t len)
{
	for (int turn = 0; len > 0 && turn < PATIENCE * 10; turn++) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return; /* the server has closed: the test will see */
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else {
			loop_turn(harness.net.loop, 0);
			take(fd);
		}
	}
	assert_int_equal(len, 0);
}

void harness_settle(int fd)
{
	for (int quiet = 0; quiet < QUIET_TURNS && !harness.eof; quiet++) {
		loop_turn(harness.net.loop, 0);
		while (take(fd))
			quiet = 0;
	}
}

void harness_receive(int fd, size_t bytes)
{
	for (int turn = 0; turn < PATIENCE && harness.got_len < bytes && !harness.eof; turn++) {
		loop_turn(harness.net.loop, 5);
		while (take(fd))
			;
	}
	assert_true(harness.got_len >= bytes || harness.eof);
}

void harness_receive_end(int fd)
{
	harness_receive(fd, sizeof(harness.got));
}

void harness_forget(void)
{
	harness.got_len = 0;
	harness.got[0] = '\0';
	harness.eof = harness.reset = false;
}

unsigned harness_count(const char *text)
{
	unsigned n = 0;
	const char *at = harness.got;
	size_t left = harness.got_len, len = strlen(text);

	while ((at = memmem(at, left, text, len)) != NULL) {
		n++;
		at += len;
		left = (size_t)(harness.got + harness.got_len - at);
	}
	return n;
}

int harness_talk(const char *bytes, size_t len)
{
	int fd = harness_connect();

	harness_send(fd, bytes, len);
	harness_settle(fd);
	return fd;
}
