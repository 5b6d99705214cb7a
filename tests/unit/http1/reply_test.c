/*
 * reply_test.c - responses: framing, sources that keep their promise or do not, and what is never
 * sent.
 */
#include "harness.h"
#include "harness_app.h"
#include "http/wire.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST(method, path, version) method " " path " " version "\r\nHost: a\r\n\r\n"
#define GET(path) REQUEST("GET", path, "HTTP/1.1")

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

/* What stands behind the head. */
static const char *body(void)
{
	const char *end = strstr(harness.got, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static void test_head(void **state)
{
	(void)state;
	close(TALK(GET("/")));
	assert_int_equal(strncmp(harness.got, "HTTP/1.1 200 OK\r\nServer: httpd\r\nDate: ", 38), 0);
	assert_got(" GMT\r\nContent-Length: 5\r\n\r\nhello");
	assert_int_equal(harness.content_sent, 5);
}

static void test_source_of_known_length(void **state)
{
	(void)state;
	int fd = TALK(GET("/source/12/12") GET("/"));
	assert_got("Content-Length: 12\r\n\r\n012340123401HTTP/1.1 200 OK");
	assert_int_equal(harness.sources_closed, 1);
	close(fd);
}

static void test_source_of_unknown_length(void **state)
{
	(void)state;
	int fd = TALK(GET("/source/-/12"));
	assert_got("Transfer-Encoding: chunked\r\n\r\n");
	assert_not_got("Content-Length");
	assert_string_equal(body(), "5\r\n01234\r\n5\r\n01234\r\n2\r\n01\r\n0\r\n\r\n");
	assert_int_equal(harness.content_sent, 12);
	close(fd);
}

static void test_empty_sources(void **state)
{
	(void)state;
	int fd = TALK(GET("/source/-/0"));
	assert_string_equal(body(), "0\r\n\r\n");
	harness_forget();
	SEND(fd, GET("/source/0/0"));
	harness_settle(fd);
	assert_got("Content-Length: 0\r\n\r\n");
	assert_int_equal(harness.sources_closed, 2);
	close(fd);
}

static void test_unknown_length_for_1_0(void **state)
{
	(void)state;
	int fd = TALK("GET /source/-/12 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	harness_receive_end(fd);
	assert_not_got("Transfer-Encoding");
	assert_not_got("Content-Length");
	assert_got("Connection: close\r\n");
	assert_string_equal(body(), "012340123401");
	close(fd);
}

static void test_source_gives_less(void **state)
{
	(void)state;
	int fd = TALK(GET("/source/12/5") GET("/"));
	harness_receive_end(fd);
	assert_int_equal(harness.aborts, 1);
	assert_int_equal(harness.abort_reason, ABORT_SOURCE);
	assert_int_equal(harness.heads, 1);
	assert_int_equal(harness.sources_closed, 1);
	close(fd);
}

static void test_source_gives_more(void **state)
{
	(void)state;
	int fd = TALK(GET("/source/7/50") GET("/"));
	assert_got("Content-Length: 7\r\n\r\n0123401HTTP/1.1 200 OK");
	assert_int_equal(harness.sources_closed, 1);
	close(fd);
}

static void test_source_fails(void **state)
{
	(void)state;
	int fd = TALK(GET("/fail"));
	harness_receive_end(fd);
	assert_int_equal(harness.abort_reason, ABORT_SOURCE);
	assert_int_equal(harness.sources_closed, 1);
	close(fd);
}

static void test_source_waits(void **state)
{
	(void)state;
	int fd = TALK(GET("/wait") GET("/"));
	assert_string_equal(body(), ""); /* the head does not wait */
	harness_wake();
	harness_settle(fd);
	assert_got("\r\n\r\n01234HTTP/1.1 200 OK");
	close(fd);
}

static void test_peer_goes_while_source_waits(void **state)
{
	(void)state;
	close(TALK(GET("/wait")));
	for (int turn = 0; turn < 4; turn++)
		loop_turn(harness.net.loop, 5);
	assert_int_equal(harness.abort_reason, ABORT_PEER);
	assert_int_equal(harness.sources_closed, 1);
}

static void test_head_has_no_content(void **state)
{
	(void)state;
	int fd = TALK(REQUEST("HEAD", "/source/12/12", "HTTP/1.1") REQUEST(
	    "HEAD", "/source/-/12", "HTTP/1.1") REQUEST("HEAD", "/", "HTTP/1.1") GET("/ignore"));
	assert_int_equal(harness_count("Content-Length: 12\r\n\r\nHTTP/1.1 200 OK\r\n"), 1);
	assert_int_equal(harness_count("Content-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n"), 1);
	assert_int_equal(harness_count("hello"), 1);
	assert_int_equal(harness.sources_closed, 2);
	assert_not_got("Transfer-Encoding");
	assert_false(harness.eof);
	close(fd);
}

static void test_statuses_without_content(void **state)
{
	(void)state;
	int fd = TALK(GET("/status/204") GET("/status/304") GET("/status/201"));
	assert_got("HTTP/1.1 204 No Content\r\n");
	assert_got("HTTP/1.1 304 Not Modified\r\n");
	assert_int_equal(harness_count("body"), 1);
	assert_int_equal(harness_count("Content-Length: 4\r\n"), 1);
	assert_not_got("Transfer-Encoding");
	close(fd);
}

static void test_big_body(void **state)
{
	(void)state;
	int fd = harness_connect();
	SEND(fd, GET("/big") GET("/"));
	harness_settle(fd);
	assert_int_equal(harness_count("Content-Length: 1048576\r\n\r\n"), 1);
	assert_memory_equal(harness.got + harness.got_len - 5, "hello", 5);
	close(fd);
}

static void test_peer_goes_within_big_body(void **state)
{
	(void)state;
	int fd = harness_connect();
	SEND(fd, GET("/big"));
	loop_turn(harness.net.loop, 0);
	close(fd);
	for (int turn = 0; turn < 4; turn++)
		loop_turn(harness.net.loop, 5);
	assert_int_equal(harness.aborts, 1);
	assert_int_equal(harness.abort_reason, ABORT_PEER);
	assert_true(harness.content_sent > 0 && harness.content_sent < 1 << 20);
}

/* A source longer than what one connection may have at once. */
static void test_long_source(void **state)
{
	(void)state;
	harness.server.limits.pipeline = 0;
	int fd = harness_connect();
	SEND(fd, GET("/source/200000/200000") GET("/"));
	harness_settle(fd);
	assert_memory_equal(harness.got + harness.got_len - 5, "hello", 5);
	assert_int_equal(harness.dones, 2);
	close(fd);
}

/* Pieces over what the queue is filled to: each waits until the one before is out. */
static void test_wide_source(void **state)
{
	(void)state;
	int fd = TALK(GET("/wide"));
	harness_receive(fd, 1800000);
	harness_settle(fd);
	assert_int_equal(harness_count("\r\n30d40\r\n"), 9);
	assert_int_equal(harness.dones, 1);
	close(fd);
}

static void test_interim(void **state)
{
	(void)state;
	int fd = TALK(GET("/hints"));
	assert_int_equal(strncmp(harness.got,
			     "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
			     "HTTP/1.1 200 OK\r\n",
			     68),
	    0);
	harness_forget();
	SEND(fd, "GET /hints HTTP/1.0\r\n\r\n");
	harness_receive_end(fd);
	assert_not_got("103");
	close(fd);
}

static void test_framing_is_the_engines(void **state)
{
	(void)state;
	int fd = TALK(GET("/hold"));
	struct request *r = harness.held;
	assert_int_equal(response_add(r, SLICE("Content-Length"), SLICE("7")), OK);
	assert_int_equal(response_add(r, SLICE("transfer-encoding"), SLICE("chunked")), OK);
	assert_int_equal(response_add(r, SLICE("Connection"), SLICE("close")), OK);
	assert_int_equal(response_add(r, SLICE("Date"), SLICE("yesterday")), OK);
	assert_int_equal(response_add(r, SLICE("X-A"), SLICE("b")), OK);
	assert_int_equal(response_add(r, SLICE("X-B"), SLICE("b\r\nSet-Cookie: a")), ERR_SYNTAX);
	assert_int_equal(response_add(r, SLICE("X-C:"), SLICE("b")), ERR_SYNTAX);
	harness_answer("hello");
	harness_settle(fd);
	assert_int_equal(harness_count("Content-Length"), 1);
	assert_got("X-A: b\r\nContent-Length: 5\r\n\r\nhello");
	assert_not_got("ransfer-");
	assert_not_got("Connection");
	assert_not_got("yesterday");
	assert_not_got("Set-Cookie");
	close(fd);
}

/* More than one piece of the output queue holds. */
static void test_large_head(void **state)
{
	char value[500];

	(void)state;
	memset(value, 'v', sizeof(value));
	int fd = TALK(GET("/hold"));
	for (int i = 0; i < 40; i++)
		assert_int_equal(
		    response_add(harness.held, SLICE("X-Large"), slice_of(value, sizeof(value))),
		    OK);
	harness_answer("hello");
	harness_settle(fd);
	assert_int_equal(harness_count("X-Large: vvvv"), 40);
	assert_got("Content-Length: 5\r\n\r\nhello");
	close(fd);
}

static void test_reset(void **state)
{
	(void)state;
	int fd = TALK(GET("/hold"));
	struct request *r = harness.held;
	r->wire->reset(r, ERR_IO);
	harness_receive_end(fd);
	assert_int_equal(harness.got_len, 0);
	assert_int_equal(harness.aborts, 1);
	close(fd);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_head),
		CASE(test_source_of_known_length),
		CASE(test_source_of_unknown_length),
		CASE(test_empty_sources),
		CASE(test_unknown_length_for_1_0),
		CASE(test_source_gives_less),
		CASE(test_source_gives_more),
		CASE(test_source_fails),
		CASE(test_source_waits),
		CASE(test_peer_goes_while_source_waits),
		CASE(test_head_has_no_content),
		CASE(test_statuses_without_content),
		CASE(test_big_body),
		CASE(test_peer_goes_within_big_body),
		CASE(test_long_source),
		CASE(test_wide_source),
		CASE(test_interim),
		CASE(test_framing_is_the_engines),
		CASE(test_large_head),
		CASE(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
