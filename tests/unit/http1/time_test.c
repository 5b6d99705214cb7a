/*
 * time_test.c - time-outs of the engine: a peer that is too slow to ask, to send, to take, or says
 * nothing; and a worker that drains.
 *
 * Time-outs of 50 ms: the loop's timers have a grain of 10.
 */
#include "harness.h"
#include "harness_app.h"

#include "base/clock.h"

#include <sys/socket.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

enum { SHORT_MS = 50 };

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

static void test_half_a_head(void **state)
{
	(void)state;
	harness.server.timeouts.header_ms = SHORT_MS;
	int fd = TALK("GET / HTTP/1.1\r\nHo");
	harness_receive_end(fd);
	assert_got("HTTP/1.1 408 Request Timeout\r\n");
	assert_got("Connection: close\r\n");
	assert_false(harness.reset);
	assert_int_equal(harness.refused_status, 408);
	close(fd);
}

/* Each byte comes in time, the head does not. */
static void test_head_in_drops(void **state)
{
	static const char drops[] =
	    "GET / HTTP/1.1\r\nHost: a\r\nA: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

	(void)state;
	harness.server.timeouts.header_ms = SHORT_MS;
	int fd = harness_connect();
	for (size_t i = 0; i < sizeof(drops) - 1 && !harness.eof; i++) {
		harness_send(fd, drops + i, 1);
		harness_settle(fd);
		loop_turn(harness.net.loop, 5);
	}
	harness_receive_end(fd);
	assert_got("HTTP/1.1 408 Request Timeout\r\n");
	close(fd);
}

static void test_nothing_at_all(void **state)
{
	(void)state;
	harness.server.timeouts.header_ms = SHORT_MS;
	int fd = harness_connect();
	harness_receive_end(fd);
	assert_int_equal(harness.got_len, 0);
	assert_int_equal(harness.refusals, 0);
	close(fd);
}

/* Nor is the empty line that some send behind content a request. */
static void test_nothing_but_an_empty_line(void **state)
{
	(void)state;
	int fd = TALK("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
	harness.server.timeouts.header_ms = SHORT_MS;
	harness_forget();
	SEND(fd, "\r\n");
	harness_receive_end(fd);
	assert_int_equal(harness.got_len, 0);
	assert_int_equal(harness.refusals, 0);
	close(fd);
}

static void test_idle(void **state)
{
	(void)state;
	harness.server.timeouts.idle_ms = SHORT_MS;
	int fd = TALK(GET("/"));
	assert_got("hello");
	harness_forget();
	harness_receive_end(fd);
	assert_int_equal(harness.got_len, 0);
	close(fd);
}

/* The second head has its own time, from its first byte on. */
static void test_half_a_second_head(void **state)
{
	(void)state;
	int fd = TALK(GET("/"));
	harness.server.timeouts.header_ms = SHORT_MS;
	harness_forget();
	SEND(fd, "G");
	harness_receive_end(fd);
	assert_got("HTTP/1.1 408 Request Timeout\r\n");
	close(fd);
}

static void test_content_does_not_come(void **state)
{
	(void)state;
	harness.server.terms.body_ms = SHORT_MS;
	int fd = TALK("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
	harness_receive_end(fd);
	assert_got("HTTP/1.1 408 Request Timeout\r\n");
	assert_int_equal(harness.abort_reason, ABORT_TIMEOUT);
	assert_int_equal(harness.sinks_aborted, 1);
	close(fd);
}

/* A route's own times hold, not the server's. */
static void test_times_of_the_route(void **state)
{
	static const struct http_terms terms = {
		.body_ms = SHORT_MS, .send_ms = SHORT_MS, .keepalive = true
	};
	uint64_t end = clock_mono_ms() + 5000;

	(void)state;
	harness.terms = &terms;
	int fd = TALK("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
	harness_receive_end(fd);
	assert_got("HTTP/1.1 408 Request Timeout\r\n");
	close(fd);
	fd = harness_connect();
	SEND(fd, GET("/big"));
	while (harness.aborts < 2 && clock_mono_ms() < end)
		loop_turn(harness.net.loop, 20);
	assert_int_equal(harness.aborts, 2);
	assert_int_equal(harness.abort_reason, ABORT_TIMEOUT);
	close(fd);
}

static void test_discarded_content_does_not_come(void **state)
{
	(void)state;
	harness.server.terms.body_ms = SHORT_MS;
	int fd = TALK("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
	assert_got("hello");
	harness_forget();
	harness_receive_end(fd);
	assert_int_equal(harness.got_len, 0);
	assert_int_equal(harness.dones, 1);
	close(fd);
}

/* A byte now and then buys little: min_rate. */
static void test_content_in_drops(void **state)
{
	uint64_t end = clock_mono_ms() + 30000;

	(void)state;
	harness.server.terms.body_ms = SHORT_MS;
	harness.server.terms.min_rate = 1000;
	int fd = TALK("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n");
	while (!harness.eof && clock_mono_ms() < end) {
		harness_send(fd, "a", 1);
		harness_settle(fd);
		loop_turn(harness.net.loop, 20);
	}
	assert_got("HTTP/1.1 408 Request Timeout\r\n");
	close(fd);
}

/* While it is the sink that does not take it, the peer is not to blame. */
static void test_full_sink_stops_the_clock(void **state)
{
	(void)state;
	harness.server.terms.body_ms = SHORT_MS;
	int fd = TALK("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabcdefghi");
	for (int turn = 0; turn < 10; turn++)
		loop_turn(harness.net.loop, 20);
	assert_int_equal(harness.aborts, 0);
	harness_read_on();
	harness_settle(fd);
	assert_got("abcdefghi");
	close(fd);
}

static void test_handler_takes_its_time(void **state)
{
	(void)state;
	harness.server.timeouts.header_ms = SHORT_MS;
	harness.server.timeouts.idle_ms = SHORT_MS;
	int fd = TALK(GET("/hold"));
	for (int turn = 0; turn < 10; turn++)
		loop_turn(harness.net.loop, 20);
	harness_answer("late");
	harness_settle(fd);
	assert_got("late");
	close(fd);
}

static void test_answer_is_not_taken(void **state)
{
	uint64_t end = clock_mono_ms() + 30000;

	(void)state;
	harness.server.terms.send_ms = SHORT_MS;
	int fd = harness_connect();
	SEND(fd, GET("/big"));
	while (harness.aborts == 0 && clock_mono_ms() < end)
		loop_turn(harness.net.loop, 20);
	assert_int_equal(harness.abort_reason, ABORT_TIMEOUT);
	close(fd);
}

/* Slow, but steady: the kernel's buffer hides it from the queue for longer than the time-out. */
static void test_answer_is_taken_slowly(void **state)
{
	char part[8192];
	size_t got = 0;
	ssize_t n;

	(void)state;
	harness.server.terms.send_ms = SHORT_MS;
	harness.server.terms.min_rate = 1000;
	int fd = harness_connect();
	SEND(fd, GET("/big"));
	for (int turn = 0; turn < 1000 && (n = recv(fd, part, sizeof(part), 0)) != 0; turn++) {
		got += n > 0 ? (size_t)n : 0;
		loop_turn(harness.net.loop, 0);
		for (uint64_t end = clock_mono_ms() + 4; clock_mono_ms() < end;)
			loop_turn(harness.net.loop, 4);
		if (got > 1 << 20)
			break;
	}
	assert_int_equal(harness.aborts, 0);
	assert_int_equal(harness.dones, 1);
	close(fd);
}

/* Nor are the answers of a batch, with no request in hand any more. */
static void test_batch_is_not_taken(void **state)
{
	uint64_t end = clock_mono_ms() + 30000;

	(void)state;
	harness.server.terms.send_ms = SHORT_MS;
	int fd = harness_connect();
	for (int i = 0; i < 4000 && harness.net.count > 0; i++) {
		if (send(fd, GET("/ignore"), sizeof(GET("/ignore")) - 1, MSG_NOSIGNAL) < 0)
			break;
		loop_turn(harness.net.loop, 0);
	}
	while (harness.net.count > 0 && clock_mono_ms() < end)
		loop_turn(harness.net.loop, 20);
	assert_int_equal(harness.net.count, 0);
	close(fd);
}

static void test_drain_while_idle(void **state)
{
	uint64_t begin = clock_mono_ms();

	(void)state;
	int fd = TALK(GET("/"));
	net_worker_drain(&harness.net, false);
	harness_settle(fd);
	assert_false(harness.eof); /* its next request may be under way */
	harness_receive_end(fd);
	assert_true(clock_mono_ms() - begin >= 900);
	close(fd);
}

static void test_drain_with_a_last_request(void **state)
{
	(void)state;
	int fd = TALK(GET("/"));
	net_worker_drain(&harness.net, false);
	SEND(fd, GET("/"));
	harness_receive_end(fd);
	assert_int_equal(harness_count("hello"), 2);
	assert_int_equal(harness_count("Connection: close\r\n"), 1);
	assert_false(harness.reset);
	close(fd);
}

static void test_drain_with_one_in_hand(void **state)
{
	(void)state;
	int fd = TALK(GET("/hold"));
	net_worker_drain(&harness.net, false);
	harness_settle(fd);
	assert_false(harness.eof);
	harness_answer("last");
	harness_receive_end(fd);
	assert_got("Connection: close\r\n");
	assert_got("last");
	close(fd);
}

static void test_cut_with_one_in_hand(void **state)
{
	(void)state;
	int fd = TALK(GET("/hold"));
	net_worker_cut(&harness.net);
	loop_turn(harness.net.loop, 0);
	assert_int_equal(harness.abort_reason, ABORT_SHUTDOWN);
	close(fd);
}

static void test_only_idle_ones_are_culled(void **state)
{
	(void)state;
	int idle = TALK(GET("/")), busy = TALK(GET("/hold")), fresh = harness_connect();
	assert_false(list_empty(&harness.net.idle));
	struct conn *c = CONTAINER_OF(harness.net.idle.next, struct conn, idle_node);
	assert_ptr_equal(harness.net.idle.next, harness.net.idle.prev);
	assert_int_equal(c->protocol->cull(c), 1);
	loop_turn(harness.net.loop, 0);
	assert_int_equal(harness.net.count, 2);
	assert_true(list_empty(&harness.net.idle));
	close(idle);
	close(busy);
	close(fresh);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_half_a_head),
		CASE(test_head_in_drops),
		CASE(test_nothing_at_all),
		CASE(test_nothing_but_an_empty_line),
		CASE(test_idle),
		CASE(test_half_a_second_head),
		CASE(test_content_does_not_come),
		CASE(test_times_of_the_route),
		CASE(test_discarded_content_does_not_come),
		CASE(test_content_in_drops),
		CASE(test_full_sink_stops_the_clock),
		CASE(test_handler_takes_its_time),
		CASE(test_answer_is_not_taken),
		CASE(test_answer_is_taken_slowly),
		CASE(test_batch_is_not_taken),
		CASE(test_drain_while_idle),
		CASE(test_drain_with_a_last_request),
		CASE(test_drain_with_one_in_hand),
		CASE(test_cut_with_one_in_hand),
		CASE(test_only_idle_ones_are_culled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
