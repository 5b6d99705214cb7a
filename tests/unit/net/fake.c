/*
 * fake.c - see fake.h.
 */
#include "fake.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake fake;

static void on_open(struct conn *c)
{
	fake.opened++;
	fake.conn = c;
}

static void take(struct conn *c)
{
	struct slice s = conn_peek(c);
	size_t n =
	    s.len < sizeof(fake.got) - fake.got_len ? s.len : sizeof(fake.got) - fake.got_len;
	memcpy(fake.got + fake.got_len, s.ptr, n);
	fake.got_len += n;
	conn_consume(c, s.len);
	conn_release_in(c);
}

static void read_all(struct conn *c)
{
	while ((fake.last_read = conn_read(c)) == OK) {
		take(c);
		if (fake.mode == FAKE_LINE && memchr(fake.got, '\n', fake.got_len) &&
		    conn_drained(c))
			return;
	}
}

static void on_readable(struct conn *c)
{
	fake.readable++;
	if (fake.mode == FAKE_HOLD)
		return;
	read_all(c);
	if (fake.mode == FAKE_CLOSE && fake.last_read == ERR_CLOSED)
		conn_close(c);
	if (fake.mode < FAKE_ANSWER || fake.got_len == 0)
		return;
	outq_copy(&c->out, SLICE("bye\n"));
	if (fake.mode == FAKE_ANSWER) {
		fake.last_flush = conn_flush(c);
		conn_close(c);
	} else {
		conn_linger(c);
	}
}

static void on_writable(struct conn *c)
{
	fake.writable++;
	fake.last_flush = conn_flush(c);
}

static void on_expired(struct conn *c)
{
	(void)c;
	fake.expired++;
}

static void on_drain(struct conn *c)
{
	fake.drained++;
	if (fake.close_on_drain)
		conn_close(c);
}

static int on_cull(struct conn *c)
{
	fake.culled++;
	if (fake.cull_answer)
		conn_close(c);
	return fake.cull_answer;
}

static void on_close(struct conn *c)
{
	fake.closed++;
	if (fake.conn == c)
		fake.conn = NULL;
}

const struct protocol fake_protocol = {
	.name = "fake",
	.open = on_open,
	.readable = on_readable,
	.writable = on_writable,
	.expired = on_expired,
	.drain = on_drain,
	.cull = on_cull,
	.close = on_close,
};

void fake_reset(enum fake_mode mode)
{
	memset(&fake, 0, sizeof(fake));
	fake.mode = mode;
	fake.cull_answer = 1;
	fake.close_on_drain = true;
}

void fake_start(struct net_worker *net, const struct net_limits *limits)
{
	struct loop *loop = loop_new();
	assert_non_null(loop);
	net_worker_init(net, loop, limits);
}

void fake_stop(struct net_worker *net)
{
	net_worker_fini(net);
	loop_free(&net->loop);
}

void fake_say(int fd, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);
		assert_true(n > 0);
		text += n;
		left -= (size_t)n;
	}
}

int fake_connect(struct net_worker *net, const char *text)
{
	int fd[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	struct acceptor_spec spec = { .protocol = &fake_protocol, .transport = &fake_transport };
	struct net_addr peer = { .any.sa_family = AF_UNIX };
	fake_say(fd[1], text);
	conn_start(net, &spec, fd[0], &peer, false);
	return fd[1];
}

void fake_listen(struct listener *l)
{
	struct listen_spec spec = { .address = "127.0.0.1", .port = 0, .backlog = 128 };
	struct listener_set set;
	assert_int_equal(listener_set_open(&set, &spec, 1, NULL, NULL), OK);
	assert_int_equal(set.count, 1);
	*l = set.list[0];
	mem_free(set.list);
}

void fake_unlisten(struct listener *l)
{
	mem_free((char *)l->name);
}

int fake_client(const struct listener *l)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &l->addr.any, sizeof(l->addr.v4)), 0);
	return fd;
}

size_t fake_receive(int fd, char *to, size_t room, struct loop *loop)
{
	size_t len = 0;
	for (int turn = 0; turn < 400 && len < room; turn++) {
		ssize_t n = recv(fd, to + len, room - len, MSG_DONTWAIT);
		if (n == 0)
			return len;
		if (n > 0)
			len += (size_t)n;
		else if (errno != EAGAIN)
			break;
		else
			loop_turn(loop, 5);
	}
	return len;
}

/* The plain transport, counted, and cut short as told. */
static ssize_t fake_recv(struct conn *c, char *to, size_t room)
{
	fake.recvs++;
	if (fake.flood) {
		memset(to, 'x', room);
		return (ssize_t)room;
	}
	if (fake.cut && room > fake.cut)
		room = fake.cut;
	return transport_plain.recv(c, to, room);
}

static ssize_t fake_sendv(struct conn *c, const struct iovec *iov, int count, bool more)
{
	fake.sends++;
	if (!fake.cut)
		return transport_plain.sendv(c, iov, count, more);
	struct iovec one = iov[0];
	if (one.iov_len > fake.cut)
		one.iov_len = fake.cut;
	return transport_plain.sendv(c, &one, 1, more);
}

static ssize_t fake_sendfile(struct conn *c, int fd, off_t *offset, size_t len)
{
	fake.sends++;
	if (fake.flood) {
		*offset += (off_t)len;
		return (ssize_t)len;
	}
	if (fake.cut && len > fake.cut)
		len = fake.cut;
	return transport_plain.sendfile(c, fd, offset, len);
}

static int fake_shutdown(struct conn *c)
{
	fake.shutdowns++;
	return transport_plain.shutdown(c);
}

static void fake_close(struct conn *c)
{
	transport_plain.close(c);
}

const struct transport fake_transport = {
	.name = "fake",
	.short_is_empty = true,
	.recv = fake_recv,
	.sendv = fake_sendv,
	.sendfile = fake_sendfile,
	.shutdown = fake_shutdown,
	.close = fake_close,
};
