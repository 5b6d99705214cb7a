/*
 * transport_test.c - handshake and transport over a socketpair: a TLS client that may be slow, cut
 * its bytes or speak no TLS at all.
 */
#include "support.h"

#include "base/clock.h"
#include "base/scoreboard.h"
#include "net/acceptor.h"
#include "net/listener.h"
#include "tls/context.h"
#include "tls/handshake.h"
#include "tls/tickets.h"
#include "tls/transport_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BIG = 3 << 20 };

static struct net_worker net;
static struct tls_context context;
static struct tls_settings settings = { .ciphers = "", .curves = "" };
static char big[BIG];
static int big_file;

/* The protocol at the server's end: keeps what it reads; answers a line that ends in "!". */
static struct {
	struct conn *conn;
	int opened, closed;
	bool encrypted;
	bool eof;
	int flushed; /* what conn_flush said last */
	char got[1 << 20];
	size_t len;
} end;

static void on_open(struct conn *c)
{
	end.conn = c;
	end.opened++;
	end.encrypted = conn_security(c) != NULL;
	conn_set_deadline(c, 0);
}

static void answer(struct conn *c, char what)
{
	switch (what) {
	case 'm': /* memory */
		outq_copy(&c->out, SLICE("head:"));
		outq_borrow(&c->out, slice_of(big, BIG), NULL);
		break;
	case 'f': /* file, between pieces of memory */
		outq_copy(&c->out, SLICE("head:"));
		outq_file(&c->out, big_file, 0, BIG, NULL);
		outq_copy(&c->out, SLICE(":tail"));
		break;
	case 's': /* small */
		outq_copy(&c->out, SLICE("head:"));
		outq_borrow(&c->out, SLICE("body"), NULL);
		break;
	case 'l':
		outq_copy(&c->out, SLICE("bye"));
		conn_linger(c);
		return;
	}
	end.flushed = conn_flush(c);
}

static void take(struct conn *c)
{
	struct slice s = conn_peek(c);
	if (s.len > 0)
		memcpy(end.got + end.len, s.ptr, s.len);
	end.len += s.len;
	conn_consume(c, s.len);
	conn_release_in(c);
}

static void on_readable(struct conn *c)
{
	int rc;
	take(c);
	while ((rc = conn_read(c)) == OK || rc == ERR_FULL)
		take(c);
	end.eof = conn_eof(c);
	if (end.len >= 2 && end.got[end.len - 1] == '!') {
		char what = end.got[end.len - 2];
		end.len = 0;
		answer(c, what);
	}
}

static void on_writable(struct conn *c)
{
	end.flushed = conn_flush(c);
}

static void on_expired(struct conn *c)
{
	conn_close(c);
}

static void on_drain(struct conn *c)
{
	conn_close(c);
}

static int on_cull(struct conn *c)
{
	conn_finish(c);
	return 1;
}

static void on_close(struct conn *c)
{
	(void)c;
	end.closed++;
	end.conn = NULL;
}

#define PROTOCOL(name_, alpn_)                                                          \
	{                                                                               \
		.name = name_, .alpn = alpn_, .open = on_open, .readable = on_readable, \
		.writable = on_writable, .expired = on_expired, .drain = on_drain,      \
		.cull = on_cull, .close = on_close                                      \
	}

static const struct protocol first = PROTOCOL("first", "first");
static const struct protocol second = PROTOCOL("second", "second");
static const struct protocol *const protocols[] = { &first, &second, NULL };

static const struct tls_context *choose(const struct tls_listen *l, struct slice name)
{
	(void)name;
	return l->fallback;
}

static struct tls_listen entry = {
	.choose = choose,
	.fallback = &context,
	.protocols = protocols,
	.silent = &second,
	.server = (void *)"server",
	.astray_server = (void *)"astray",
	.handshake_ms = 60000,
};

static int setup_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 2654435761u >> 13);
	FILE *f = tmpfile();
	big_file = dup(fileno(f));
	assert_int_equal(fwrite(big, 1, BIG, f), BIG);
	fclose(f);
	context.ssl = support_server();
	context.settings = &settings;
	SSL_CTX_set_mode(context.ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(context.ssl, 1);
	SSL_CTX_set_options(context.ssl, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
	assert_int_equal(tickets_rotate(1), OK);
	tickets_use(context.ssl);
	handshake_use(context.ssl);
	return 0;
}

static int teardown_all(void **state)
{
	(void)state;
	SSL_CTX_free(context.ssl);
	close(big_file);
	return 0;
}

/* The client. */
static struct {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
} peer;

static void start(int version)
{
	static const struct net_limits none;
	static struct loop *loop;
	int pair[2], small = 4096;
	memset(&end, 0, sizeof(end));
	loop = loop_new();
	assert_non_null(loop);
	net_worker_init(&net, loop, &none);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	peer.fd = pair[1];
	peer.ctx = support_client(version);
	peer.ssl = SSL_new(peer.ctx);
	SSL_set_fd(peer.ssl, peer.fd);
	SSL_set_connect_state(peer.ssl);
	struct acceptor_spec spec = {
		.protocol = &tls_handshake, .transport = &transport_tls, .server = &entry
	};
	struct net_addr addr = { .any = { .sa_family = AF_UNIX } };
	conn_start(&net, &spec, pair[0], &addr, false);
}

static void stop(void)
{
	struct loop *loop = net.loop;
	SSL_free(peer.ssl);
	SSL_CTX_free(peer.ctx);
	close(peer.fd);
	net_worker_fini(&net);
	loop_free(&loop);
	assert_int_equal(score_self()->connections, 0);
}

static void turn(void)
{
	loop_turn(net.loop, 1);
}

#define UNTIL(condition)                                           \
	do {                                                       \
		for (int i_ = 0; i_ < 20000 && !(condition); i_++) \
			turn();                                    \
		assert_true(condition);                            \
	} while (0)

static void shake(void)
{
	UNTIL(SSL_do_handshake(peer.ssl) == 1);
}

static void say(const char *text)
{
	assert_int_equal(SSL_write(peer.ssl, text, (int)strlen(text)), strlen(text));
}

/* Reads so many bytes, at most `step` at a time, and compares. */
static void expect(const char *wanted, size_t len, size_t step)
{
	static char buf[1 << 16];
	size_t at = 0;
	for (int idle = 0; at < len && idle < 20000; idle++) {
		size_t n = len - at < step ? len - at : step;
		int got = SSL_read(peer.ssl, buf, (int)n);
		if (got <= 0) {
			assert_int_equal(SSL_get_error(peer.ssl, got), SSL_ERROR_WANT_READ);
			turn();
			continue;
		}
		idle = 0;
		assert_memory_equal(buf, wanted + at, (size_t)got);
		at += (size_t)got;
	}
	assert_int_equal(at, len);
}

static void exchanges(int version)
{
	start(version);
	shake();
	say("hello ");
	UNTIL(end.len == 6);
	assert_true(end.encrypted);
	assert_string_equal(
	    conn_security(end.conn)->version, version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
	assert_ptr_equal(conn_security(end.conn)->identity, &context);
	assert_null(conn_security(end.conn)->client);
	assert_string_equal(end.conn->server, "server");
	assert_ptr_equal(end.conn->protocol, &second);
	say("s!");
	expect("head:body", 9, 100);
	assert_int_equal(end.flushed, OK);
	stop();
	assert_int_equal(end.opened, 1);
	assert_int_equal(end.closed, 1);
}

static void test_exchange(void **state)
{
	(void)state;
	exchanges(TLS1_3_VERSION);
	exchanges(TLS1_2_VERSION);
}

static void large(int version, char what)
{
	char ask[] = { what, '!', '\0' };
	start(version);
	shake();
	say(ask);
	UNTIL(end.conn && end.flushed == ERR_AGAIN); /* the socket is full: nothing is lost */
	expect("head:", 5, 1 << 16);
	expect(big, BIG, 1 << 16);
	if (what == 'f')
		expect(":tail", 5, 100);
	UNTIL(end.flushed == OK);
	assert_true(outq_empty(&end.conn->out));
	say("s!");
	expect("head:body", 9, 3);
	stop();
}

static void test_large(void **state)
{
	(void)state;
	large(TLS1_3_VERSION, 'm');
	large(TLS1_3_VERSION, 'f');
	large(TLS1_2_VERSION, 'm');
	large(TLS1_2_VERSION, 'f');
}

/* What the peer sends while the answer is stuck is read all the same. */
static void test_both_ways(void **state)
{
	(void)state;
	static char text[20000];
	start(TLS1_3_VERSION);
	shake();
	say("m!");
	UNTIL(end.conn && end.flushed == ERR_AGAIN);
	memset(text, 'x', sizeof(text) - 1);
	say(text);
	UNTIL(end.len == sizeof(text) - 1);
	expect("head:", 5, 5);
	expect(big, BIG, 1 << 16);
	stop();
}

static void test_key_update(void **state)
{
	(void)state;
	start(TLS1_3_VERSION);
	shake();
	for (int i = 0; i < 5; i++) {
		assert_int_equal(SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		say("s!");
		expect("head:body", 9, 100);
	}
	stop();
}

/* Every byte of the client's on its own. */
static void test_bytewise(void **state)
{
	(void)state;
	start(TLS1_3_VERSION);
	BIO *out = BIO_new(BIO_s_mem());
	SSL_set0_wbio(peer.ssl, out);
	bool asked = false;
	for (int i = 0; i < 20000 && end.len < 5; i++) {
		char *data;
		if (SSL_do_handshake(peer.ssl) == 1 && !asked) {
			say("hello");
			asked = true;
		}
		long n = BIO_get_mem_data(out, &data);
		for (long k = 0; k < n; k++) {
			assert_int_equal(send(peer.fd, data + k, 1, 0), 1);
			turn();
		}
		(void)BIO_reset(out);
		turn();
	}
	assert_int_equal(end.len, 5);
	stop();
}

static void test_alpn(void **state)
{
	static const unsigned char both[] = "\6second\5first";
	static const unsigned char none[] = "\5third";
	(void)state;
	start(TLS1_3_VERSION);
	SSL_set_alpn_protos(peer.ssl, both, sizeof(both) - 1);
	shake();
	UNTIL(end.conn);
	assert_ptr_equal(end.conn->protocol, &first); /* ours is the order that counts */
	stop();
	start(TLS1_3_VERSION);
	SSL_set_alpn_protos(peer.ssl, none, sizeof(none) - 1);
	for (int i = 0; i < 100 && net.count > 0; i++) {
		SSL_do_handshake(peer.ssl);
		turn();
	}
	assert_int_equal(end.opened, 0);
	stop();
}

static bool says_close(void)
{
	char byte;
	int rc = SSL_read(peer.ssl, &byte, 1);
	return rc <= 0 && SSL_get_error(peer.ssl, rc) == SSL_ERROR_ZERO_RETURN;
}

static void test_linger_says_close(void **state)
{
	(void)state;
	start(TLS1_3_VERSION);
	shake();
	say("l!");
	expect("bye", 3, 3);
	UNTIL(says_close());
	close(peer.fd);
	peer.fd = -1;
	UNTIL(end.closed == 1);
	stop();
}

static void test_idle_close_is_said(void **state)
{
	(void)state;
	start(TLS1_3_VERSION);
	shake();
	UNTIL(end.conn);
	assert_int_equal(end.conn->protocol->cull(end.conn), 1);
	UNTIL(says_close());
	stop();
}

static void test_peer_closes(void **state)
{
	(void)state;
	/* In order, and without a word: both are the end of what it has to say, and no error. */
	for (int polite = 0; polite < 2; polite++) {
		start(TLS1_3_VERSION);
		shake();
		say("hello");
		if (polite)
			SSL_shutdown(peer.ssl);
		else
			shutdown(peer.fd, SHUT_WR);
		UNTIL(end.eof);
		assert_int_equal(end.len, 5);
		answer(end.conn, 's');
		expect("head:body", 9, 100);
		stop();
	}
}

static void test_damaged_record(void **state)
{
	(void)state;
	start(TLS1_3_VERSION);
	shake();
	UNTIL(end.conn);
	static const char record[] = "\x17\x03\x03\x00\x20"
				     "0123456789abcdef0123456789abcdef";
	assert_int_equal(send(peer.fd, record, sizeof(record) - 1, 0), sizeof(record) - 1);
	for (int i = 0; i < 20; i++)
		turn();
	assert_int_equal(end.len, 0);
	assert_false(end.eof);
	assert_int_equal(conn_flush(end.conn), ERR_CLOSED);
	stop();
}

static void test_plain(void **state)
{
	(void)state;
	start(TLS1_3_VERSION);
	assert_int_equal(send(peer.fd, "GET / ", 6, 0), 6);
	UNTIL(end.len == 6);
	assert_false(end.encrypted);
	assert_string_equal(end.conn->server, "astray");
	assert_memory_equal(end.got, "GET / ", 6);
	answer(end.conn, 's');
	char buf[16];
	ssize_t n = recv(peer.fd, buf, sizeof(buf), 0);
	assert_int_equal(n, 9);
	stop();
}

static void test_garbage(void **state)
{
	(void)state;
	start(TLS1_3_VERSION);
	assert_int_equal(send(peer.fd, "\1\2\3\4\5\6\7\10", 8, 0), 8);
	UNTIL(net.lingering_count == 1 || net.count == 0);
	assert_int_equal(end.opened, 0);
	stop();
}

static void test_deadline(void **state)
{
	(void)state;
	entry.handshake_ms = 20;
	start(TLS1_3_VERSION);
	UNTIL(net.count == 0);
	stop();
	entry.handshake_ms = 60000;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_key_update),
		cmocka_unit_test(test_bytewise),
		cmocka_unit_test(test_alpn),
		cmocka_unit_test(test_linger_says_close),
		cmocka_unit_test(test_idle_close_is_said),
		cmocka_unit_test(test_peer_closes),
		cmocka_unit_test(test_damaged_record),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_deadline),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
