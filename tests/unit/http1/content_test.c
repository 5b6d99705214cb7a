/*
 * content_test.c - requests with content: sinks, back-pressure, 100 (Continue), limits, and what
 * becomes of content that nobody wants.
 */
#include "harness.h"
#include "harness_app.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, fields) "POST " path " HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define LENGTH(path, n) POST(path, "Content-Length: " #n "\r\n")
#define CHUNKED(path) POST(path, "Transfer-Encoding: chunked\r\n")
#define WAITING(path, n) POST(path, "Content-Length: " #n "\r\nExpect: 100-continue\r\n")

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

static void test_echo(void **state)
{
	(void)state;
	int fd = TALK(
	    LENGTH("/", 5) "abcde" CHUNKED("/") "3\r\nfgh\r\n2;x=y\r\nij\r\n0\r\nA: b\r\n\r\n");
	assert_int_equal(harness_count("Content-Length: 5\r\n\r\nabcde"), 1);
	assert_int_equal(harness_count("Content-Length: 5\r\n\r\nfghij"), 1);
	assert_false(harness.eof);
	close(fd);
}

static void test_content_in_pieces(void **state)
{
	(void)state;
	int fd = TALK(LENGTH("/", 6) "ab");
	assert_int_equal(harness.got_len, 0);
	SEND(fd, "cd");
	harness_settle(fd);
	assert_memory_equal(harness.content, "abcd", 4); /* handed on as it comes */
	SEND(fd, "ef" GET("/next"));
	harness_settle(fd);
	assert_got("abcdef");
	assert_got("hello");
	close(fd);
}

static void test_full_sink(void **state)
{
	(void)state;
	int fd = TALK(LENGTH("/slow", 12) "abcdefghijkl" GET("/next"));
	assert_int_equal(harness.content_len, 5);
	harness_read_on();
	harness_settle(fd);
	assert_int_equal(harness.content_len, 10);
	assert_int_equal(harness.got_len, 0);
	harness_read_on();
	harness_settle(fd);
	assert_got("abcdefghijkl");
	assert_got("hello");
	close(fd);
}

static void test_full_sink_holds_peer(void **state)
{
	static char part[4096];
	ssize_t sent = 0, n;

	(void)state;
	harness.server.terms.body = 64 << 20;
	int fd = TALK(LENGTH("/slow", 50000000));
	while (sent < 50000000 && (n = send(fd, part, sizeof(part), MSG_NOSIGNAL)) > 0) {
		sent += n;
		loop_turn(harness.net.loop, 0);
	}
	assert_true(sent < 1 << 20); /* a read buffer and the kernel's */
	close(fd);
}

static void test_continue_on_demand(void **state)
{
	(void)state;
	int fd = TALK(WAITING("/", 5));
	assert_string_equal(harness.got, "HTTP/1.1 100 Continue\r\n\r\n");
	SEND(fd, "abcde" GET("/next"));
	harness_settle(fd);
	assert_int_equal(harness_count("100 Continue"), 1);
	assert_got("abcde");
	assert_got("hello");
	close(fd);
}

static void test_no_continue_with_content(void **state)
{
	(void)state;
	int fd = TALK(WAITING("/", 5) "abcde");
	assert_not_got("100 Continue");
	assert_got("abcde");
	close(fd);
}

/* Neither side could tell whether what comes next is the content: RFC 9110 section 10.1.1. */
static void test_continue_not_wanted(void **state)
{
	(void)state;
	int fd = TALK(WAITING("/ignore", 5));
	harness_receive_end(fd);
	assert_not_got("100 Continue");
	assert_got("Connection: close\r\n");
	assert_got("hello");
	close(fd);
}

static void test_no_continue_for_1_0(void **state)
{
	(void)state;
	int fd = TALK("POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(harness.got_len, 0);
	SEND(fd, "ab");
	harness_receive_end(fd);
	assert_got("\r\n\r\nab");
	close(fd);
}

static void test_ignored_content_is_discarded(void **state)
{
	(void)state;
	int fd = TALK(
	    LENGTH("/ignore", 5) "abcde" CHUNKED("/ignore") "2\r\nab\r\n0\r\n\r\n" GET("/next"));
	assert_int_equal(harness_count("HTTP/1.1 200 OK\r\n"), 3);
	assert_int_equal(harness.dones, 3);
	assert_not_got("Connection");
	close(fd);
}

static void test_ignored_content_comes_later(void **state)
{
	(void)state;
	int fd = TALK(LENGTH("/ignore", 10) "abc");
	assert_got("hello"); /* the answer does not wait for it */
	assert_int_equal(harness.dones, 1);
	SEND(fd, "defghij" GET("/next"));
	harness_settle(fd);
	assert_int_equal(harness_count("hello"), 2);
	close(fd);
}

static void test_too_much_to_discard(void **state)
{
	static char part[300000];

	(void)state;
	harness.server.terms.body = 1 << 20;
	int fd = TALK(LENGTH("/ignore", 300000));
	assert_got("Connection: close\r\n");
	harness_send(fd, part, sizeof(part));
	harness_receive_end(fd);
	assert_got("hello");
	assert_false(harness.reset);
	close(fd);
}

/* Its length is not known before: the connection ends without having said so. */
static void test_too_many_chunks_to_discard(void **state)
{
	static char chunk[20000];

	(void)state;
	harness.server.terms.body = 1 << 20;
	int fd = TALK(CHUNKED("/ignore"));
	assert_got("hello");
	for (int i = 0; i < 5; i++) {
		SEND(fd, "4e20\r\n");
		harness_send(fd, chunk, sizeof(chunk));
		SEND(fd, "\r\n");
	}
	harness_receive_end(fd);
	assert_false(harness.reset);
	close(fd);
}

static void test_broken_chunks_in_discard(void **state)
{
	(void)state;
	int fd = TALK(CHUNKED("/ignore"));
	assert_got("hello");
	SEND(fd, "zz\r\n" GET("/next"));
	harness_receive_end(fd);
	assert_int_equal(harness.heads, 1);
	assert_int_equal(harness.dones, 1);
	assert_int_equal(harness.refusals, 0);
	close(fd);
}

static void assert_refused(const char *bytes, size_t len, int status)
{
	int fd = harness_talk(bytes, len);

	harness_receive_end(fd);
	assert_int_equal(harness.refused_status, status);
	assert_int_equal(harness.heads, 0);
	assert_int_equal(harness_count("HTTP/1.1 "), 1);
	assert_got("Connection: close\r\n");
	close(fd);
	harness_forget();
}
#define ASSERT_REFUSED(status, literal) assert_refused(literal, sizeof(literal) - 1, status)

/* Who ignores the content does not answer for what is wrong with it. */
static void test_broken_chunks_with_head(void **state)
{
	(void)state;
	ASSERT_REFUSED(400, CHUNKED("/ignore") "zz\r\n" GET("/next"));
	ASSERT_REFUSED(400, CHUNKED("/ignore") "2\r\nab\r\n2\nab\r\n0\r\n\r\n");
	ASSERT_REFUSED(400, CHUNKED("/ignore") "2\r\nabc\r\n0\r\n\r\n");
	ASSERT_REFUSED(400, CHUNKED("/ignore") "0\r\nContent-Length: 1\r\n\r\n");
	ASSERT_REFUSED(413, CHUNKED("/ignore") "2\r\nab\r\n3e7\r\nab");
}

/* A look ahead takes nothing: trailers are kept once, data is passed on. */
static void test_chunks_with_head(void **state)
{
	(void)state;
	int fd = TALK(CHUNKED("/") "2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n" GET("/next"));
	assert_got("abc");
	assert_got("hello");
	assert_int_equal(harness.refusals, 0);
	close(fd);
}

static void test_too_large_by_length(void **state)
{
	(void)state;
	int fd = TALK(LENGTH("/", 1001));
	harness_receive_end(fd);
	assert_got("HTTP/1.1 413 Content Too Large\r\n");
	assert_int_equal(harness.refused_status, 413);
	close(fd);
}

/* A route's own limit holds, be it below the server's or above. */
static void test_too_large_for_the_route(void **state)
{
	static const struct http_terms narrow = { .body = 10, .body_ms = 60000, .keepalive = true };
	static const struct http_terms wide = { .body = 2000, .body_ms = 60000, .keepalive = true };
	char content[2000];

	(void)state;
	memset(content, 'a', sizeof(content));
	harness.terms = &narrow;
	int fd = TALK(LENGTH("/", 11));
	harness_receive_end(fd);
	assert_int_equal(harness.refused_status, 413);
	close(fd);
	harness_forget();
	fd = TALK(CHUNKED("/") "b\r\n");
	harness_receive_end(fd);
	assert_got("HTTP/1.1 413 Content Too Large\r\n");
	assert_int_equal(harness.abort_reason, ABORT_TOO_LARGE);
	close(fd);
	harness.terms = &wide;
	harness_forget();
	fd = TALK(LENGTH("/", 2000));
	harness_send(fd, content, sizeof(content));
	harness_settle(fd);
	assert_got("HTTP/1.1 200 OK\r\n");
	assert_int_equal(harness.content_len, 2000);
	close(fd);
}

static void test_too_large_as_it_grows(void **state)
{
	char chunk[600];

	(void)state;
	memset(chunk, 'a', sizeof(chunk));
	int fd = TALK(CHUNKED("/") "258\r\n");
	harness_send(fd, chunk, sizeof(chunk));
	SEND(fd, "\r\n258\r\n"); /* its size alone is enough */
	harness_receive_end(fd);
	assert_got("HTTP/1.1 413 Content Too Large\r\n");
	assert_got("Connection: close\r\n");
	assert_int_equal(harness.aborts, 1);
	assert_int_equal(harness.abort_reason, ABORT_TOO_LARGE);
	assert_int_equal(harness.sinks_aborted, 1);
	assert_int_equal(harness.refusals, 0);
	close(fd);
}

static void test_broken_chunks(void **state)
{
	(void)state;
	int fd = TALK(CHUNKED("/") "2\r\nab\r\n2\r\n");
	SEND(fd, "abc\r\n");
	harness_receive_end(fd);
	assert_got("HTTP/1.1 400 Bad Request\r\n");
	assert_int_equal(harness.abort_reason, ABORT_SYNTAX);
	assert_int_equal(harness.sinks_aborted, 1);
	close(fd);
}

static void test_broken_chunks_behind_answer(void **state)
{
	(void)state;
	int fd = TALK(CHUNKED("/eager") "2\r\n");
	SEND(fd, "abc\r\n");
	harness_receive_end(fd);
	assert_not_got("HTTP/1.1 400");
	assert_int_equal(harness.sinks_aborted, 1);
	assert_int_equal(harness.heads, harness.dones + harness.aborts);
	close(fd);
}

static void test_answer_before_content(void **state)
{
	(void)state;
	int fd = TALK(LENGTH("/eager", 4) "ab");
	assert_got("hello");
	assert_int_equal(harness.sinks_aborted, 1); /* nobody can use it any more */
	SEND(fd, "cd" GET("/next"));
	harness_settle(fd);
	assert_int_equal(harness_count("hello"), 2);
	close(fd);
}

static void test_peer_ends_content(void **state)
{
	(void)state;
	int fd = TALK(LENGTH("/", 10) "abc");
	shutdown(fd, SHUT_WR);
	harness_receive_end(fd);
	assert_int_equal(harness.aborts, 1);
	assert_int_equal(harness.abort_reason, ABORT_PEER);
	assert_int_equal(harness.sinks_aborted, 1);
	close(fd);
}

/* A trailer line that does not fit into what is left of the read buffer. */
static void test_long_trailer(void **state)
{
	static char line[30000];

	(void)state;
	harness.server.limits.header_size = 32768;
	memset(line, 'a', sizeof(line));
	int fd = TALK(CHUNKED("/") "2\r\nab\r\n0\r\nA: ");
	harness_send(fd, line, sizeof(line));
	SEND(fd, "\r\n\r\n" GET("/next"));
	harness_settle(fd);
	assert_int_equal(harness_count("HTTP/1.1 200 OK\r\n"), 2);
	close(fd);
}

/* What comes of a request with content lives as long as it does, though the read buffer is used
 * again. */
static void test_head_survives_content(void **state)
{
	static char body[1000];

	(void)state;
	memset(body, 'x', sizeof(body));
	int fd = TALK(LENGTH("/slow", 1000));
	for (int i = 0; i < 10; i++)
		harness_send(fd, body, 100);
	for (int i = 0; i < 200; i++) {
		assert_true(slice_eq(harness.held->path, SLICE("/slow")));
		assert_true(slice_eq(harness.held->host, SLICE("a")));
		harness_read_on();
		harness_settle(fd);
	}
	assert_got("HTTP/1.1 200 OK\r\n");
	close(fd);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_echo),
		CASE(test_content_in_pieces),
		CASE(test_full_sink),
		CASE(test_full_sink_holds_peer),
		CASE(test_continue_on_demand),
		CASE(test_no_continue_with_content),
		CASE(test_continue_not_wanted),
		CASE(test_no_continue_for_1_0),
		CASE(test_ignored_content_is_discarded),
		CASE(test_ignored_content_comes_later),
		CASE(test_too_much_to_discard),
		CASE(test_too_many_chunks_to_discard),
		CASE(test_broken_chunks_in_discard),
		CASE(test_broken_chunks_with_head),
		CASE(test_chunks_with_head),
		CASE(test_too_large_by_length),
		CASE(test_too_large_as_it_grows),
		CASE(test_too_large_for_the_route),
		CASE(test_broken_chunks),
		CASE(test_broken_chunks_behind_answer),
		CASE(test_answer_before_content),
		CASE(test_peer_ends_content),
		CASE(test_long_trailer),
		CASE(test_head_survives_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
