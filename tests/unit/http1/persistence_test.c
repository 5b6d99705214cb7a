/*
 * persistence_test.c - connections that stay: pipelining, half-closed clients, limits, and how few
 * calls it takes.
 */
#include "harness.h"
#include "harness_app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static int setup(void **state)
{
	(void)state;
	harness_start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	harness_stop();
	return 0;
}

enum { MANY = 30 };

/* Thirty requests whose content says which one they are. */
static size_t write_many(char *text, size_t room)
{
	size_t len = 0;

	for (int i = 0; i < MANY; i++)
		len += (size_t)snprintf(text + len, room - len,
		    "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n<%02d>", i, i);
	return len;
}

static void check_many(void)
{
	const char *at = harness.got;
	char expected[16];

	assert_int_equal(harness_count("HTTP/1.1 200 OK\r\n"), MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(expected, sizeof(expected), "<%02d>", i);
		at = strstr(at, expected);
		assert_non_null(at);
	}
}

static void test_pipelined_in_order(void **state)
{
	char text[4096];

	(void)state;
	int fd = harness_talk(text, write_many(text, sizeof(text)));
	check_many();
	assert_false(harness.eof);
	close(fd);
}

static void test_pipelined_in_pieces(void **state)
{
	char text[4096];
	size_t len = write_many(text, sizeof(text));

	(void)state;
	srandom(7);
	for (int round = 0; round < 50; round++) {
		harness_forget();
		int fd = harness_connect();
		for (size_t at = 0, n; at < len; at += n) {
			n = 1 + (size_t)random() % 200;
			n = n < len - at ? n : len - at;
			harness_send(fd, text + at, n);
			if (random() % 2)
				loop_turn(harness.net.loop, 0);
		}
		harness_settle(fd);
		check_many();
		close(fd);
	}
}

/* Answers that come later keep the order, too: the next request is not begun before. */
static void test_pipelined_behind_slow(void **state)
{
	(void)state;
	int fd = TALK(GET("/hold") GET("/a"));
	assert_int_equal(harness.got_len, 0);
	assert_int_equal(harness.heads, 1);
	harness_answer("first");
	harness_settle(fd);
	assert_true(strstr(harness.got, "first") < strstr(harness.got, "hello"));
	assert_int_equal(harness.dones, 2);
	close(fd);
}

static void test_backlog_is_bounded(void **state)
{
	static const char next[] = GET("/a");
	size_t sent = 0, limit = 4 << 20;

	(void)state;
	int fd = TALK(GET("/hold"));
	while (sent < limit) {
		ssize_t n = send(fd, next, sizeof(next) - 1, MSG_NOSIGNAL);
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			break;
		}
		sent += (size_t)n;
		loop_turn(harness.net.loop, 0);
	}
	assert_true(sent < limit); /* the kernel's buffer is full: nobody reads */
	assert_int_equal(harness.heads, 1);
	harness_answer("first");
	harness_receive(fd, sent * 3);
	assert_int_equal(harness_count("hello"), sent / (sizeof(next) - 1));
	close(fd);
}

static void test_half_closed(void **state)
{
	(void)state;
	int fd = harness_connect();
	SEND(fd, GET("/a") GET("/source/-/12") GET("/b"));
	shutdown(fd, SHUT_WR);
	harness_receive_end(fd);
	assert_int_equal(harness_count("HTTP/1.1 200 OK\r\n"), 3);
	assert_false(harness.reset);
	close(fd);
}

static void test_half_closed_while_held(void **state)
{
	(void)state;
	int fd = harness_connect();
	SEND(fd, GET("/hold"));
	shutdown(fd, SHUT_WR);
	harness_settle(fd);
	assert_int_equal(harness.aborts, 0);
	harness_answer("late");
	harness_receive_end(fd);
	assert_got("late");
	assert_int_equal(harness.dones, 1);
	close(fd);
}

static void test_gone_while_held(void **state)
{
	(void)state;
	close(TALK(GET("/hold")));
	for (int turn = 0; turn < 4; turn++)
		loop_turn(harness.net.loop, 5);
	assert_int_equal(harness.aborts, 1);
	assert_int_equal(harness.abort_reason, ABORT_PEER);
	assert_null(harness.held);
}

static void test_end_within_head(void **state)
{
	(void)state;
	int fd = TALK("GET / HT");
	shutdown(fd, SHUT_WR);
	harness_receive_end(fd);
	assert_int_equal(harness.got_len, 0);
	assert_int_equal(harness.heads + harness.refusals, 0);
	close(fd);
}

static void test_keepalive_off(void **state)
{
	(void)state;
	harness.server.terms.keepalive = false;
	int fd = TALK(GET("/a") GET("/b"));
	harness_receive_end(fd);
	assert_int_equal(harness_count("HTTP/1.1 200 OK\r\n"), 1);
	assert_got("Connection: close\r\n");
	close(fd);
}

static void test_keepalive_requests(void **state)
{
	(void)state;
	harness.server.limits.keepalive_requests = 3;
	int fd = TALK(GET("/a") GET("/b"));
	assert_not_got("Connection");
	assert_false(harness.eof);
	SEND(fd, GET("/c") GET("/d"));
	harness_receive_end(fd);
	assert_int_equal(harness_count("HTTP/1.1 200 OK\r\n"), 3);
	assert_int_equal(harness_count("Connection: close\r\n"), 1);
	close(fd);
}

static void test_handler_asks_to_close(void **state)
{
	(void)state;
	int fd = TALK(GET("/close") GET("/b"));
	harness_receive_end(fd);
	assert_int_equal(harness.heads, 1);
	assert_got("Connection: close\r\n");
	assert_false(harness.reset);
	close(fd);
}

static void test_http_1_0_keep_alive(void **state)
{
	(void)state;
	int fd = TALK("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_got("Connection: keep-alive\r\nKeep-Alive: timeout=60\r\n");
	assert_false(harness.eof);
	SEND(fd, "GET / HTTP/1.0\r\n\r\n");
	harness_receive_end(fd);
	assert_int_equal(harness_count("Connection: close\r\n"), 1);
	close(fd);
}

static void test_refusal_ends_pipeline(void **state)
{
	(void)state;
	int fd = TALK(GET("/a") "GET /b HTTP/1.1\r\n\r\n" GET("/c"));
	harness_receive_end(fd);
	assert_int_equal(harness_count("HTTP/1.1 200 OK\r\n"), 1);
	assert_int_equal(harness_count("HTTP/1.1 400 Bad Request\r\n"), 1);
	assert_int_equal(harness.heads, 1);
	assert_int_equal(harness.refusals, 1);
	close(fd);
}

/* The beginning of a TLS handshake, which has no line end to wait for. */
static void test_another_protocol(void **state)
{
	(void)state;
	int fd = TALK("\026\003\001");
	assert_got("HTTP/1.1 400 Bad Request\r\n");
	close(fd);
}

/* The client still sends when it is refused: the answer has to survive that. */
static void test_refusal_can_be_read(void **state)
{
	static char junk[200000];

	(void)state;
	memset(junk, 'a', sizeof(junk));
	int fd = harness_connect();
	SEND(fd, "GET / HTTP/1.1\r\nHost: a\r\nA: ");
	harness_send(fd, junk, sizeof(junk));
	harness_receive_end(fd);
	assert_got("HTTP/1.1 431 ");
	assert_false(harness.reset);
	close(fd);
}

static void test_calls_of_one_request(void **state)
{
	(void)state;
	int fd = TALK(GET("/ignore"));
	harness.recvs = harness.sends = 0;
	SEND(fd, GET("/ignore"));
	harness_settle(fd);
	assert_int_equal(harness.recvs, 1);
	assert_int_equal(harness.sends, 1);
	close(fd);
}

static void test_calls_of_a_batch(void **state)
{
	(void)state;
	int fd = TALK(GET("/ignore"));
	harness.recvs = harness.sends = 0;
	SEND(fd, GET("/1") GET("/2") GET("/3") GET("/4") GET("/5") GET("/6") GET("/7") GET("/8"));
	harness_settle(fd);
	assert_int_equal(harness_count("hello"), 9);
	assert_int_equal(harness.recvs, 1);
	assert_int_equal(harness.sends, 1);
	close(fd);
}

/* Over the size of a read buffer, so that parsed fields move with it; and split by pipelining. */
static void test_large_heads(void **state)
{
	static char text[60000];
	size_t len = 0;

	(void)state;
	harness.server.limits.header_size = 32768;
	for (int i = 0; i < 2; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nA: ");
		memset(text + len, 'a', 20000);
		len += 20000;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\r\n\r\nab%dcd", i);
	}
	int fd = harness_talk(text, len);
	assert_got("ab0cd");
	assert_got("ab1cd");
	close(fd);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_pipelined_in_order),
		CASE(test_pipelined_in_pieces),
		CASE(test_pipelined_behind_slow),
		CASE(test_backlog_is_bounded),
		CASE(test_half_closed),
		CASE(test_half_closed_while_held),
		CASE(test_gone_while_held),
		CASE(test_end_within_head),
		CASE(test_keepalive_off),
		CASE(test_keepalive_requests),
		CASE(test_handler_asks_to_close),
		CASE(test_http_1_0_keep_alive),
		CASE(test_refusal_ends_pipeline),
		CASE(test_another_protocol),
		CASE(test_refusal_can_be_read),
		CASE(test_calls_of_one_request),
		CASE(test_calls_of_a_batch),
		CASE(test_large_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
