/*
 * stream_test.c - streams: content both ways, windows, sources that wait or break their promise,
 * cancelled requests, and how a connection ends.
 */
#include "client.h"

#include "net/conn.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int setup(void **state)
{
	(void)state;
	client_start(0);
	return 0;
}

static int setup_narrow(void **state)
{
	(void)state;
	client_start(3);
	return 0;
}

static int setup_cut(void **state)
{
	(void)state;
	client_start(0);
	harness.cut = 3;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_stop();
	return 0;
}

static void test_many_at_once(void **state)
{
	int32_t ids[20];

	(void)state;
	for (int i = 0; i < 20; i++)
		ids[i] = GET("/ignore");
	client_settle();
	for (int i = 0; i < 20; i++)
		client_expect(ids[i], 200, "hello");
	assert_int_equal(harness.dones, 20);
	assert_in_range(harness.sends, 1, 4); /* together, not one by one */
}

static void test_big(void **state)
{
	(void)state;
	int32_t first = GET("/big"), second = GET("/big");
	client_settle();
	assert_int_equal(client_stream(first)->body_len, 1 << 20);
	assert_int_equal(client_stream(second)->body_len, 1 << 20);
	assert_int_equal(harness.content_sent, 1 << 20);
}

static void test_sources(void **state)
{
	(void)state;
	int32_t known = GET("/source/12/12"), unknown = GET("/source/-/12");
	int32_t none = GET("/source/0/0"), more = GET("/source/12/15");
	client_settle();
	client_expect(known, 200, "012340123401");
	assert_non_null(strstr(client_stream(known)->fields, "content-length: 12"));
	client_expect(unknown, 200, "012340123401");
	assert_null(strstr(client_stream(unknown)->fields, "content-length"));
	client_expect(none, 200, "");
	client_expect(more, 200, "012340123401"); /* no more than was promised */
	assert_int_equal(harness.sources_closed, 4);
	assert_int_equal(harness.dones, 4);
}

static void test_source_in_wide_pieces(void **state)
{
	(void)state;
	int32_t id = GET("/wide");
	client_settle();
	assert_int_equal(client_stream(id)->body_len, 9 * 200000);
	assert_true(client_stream(id)->ended);
}

static void test_source_that_gives_too_little(void **state)
{
	(void)state;
	int32_t id = GET("/source/12/7"), next = GET("/ignore");
	client_settle();
	client_expect_reset(id, NGHTTP2_INTERNAL_ERROR);
	client_expect(next, 200, "hello"); /* the connection goes on */
	assert_int_equal(harness.aborts, 1);
	assert_int_equal(harness.abort_reason, ABORT_SOURCE);
	assert_int_equal(harness.sources_closed, 1);
}

static void test_source_that_fails(void **state)
{
	(void)state;
	int32_t id = GET("/fail");
	client_settle();
	client_expect_reset(id, NGHTTP2_INTERNAL_ERROR);
	assert_int_equal(harness.abort_reason, ABORT_SOURCE);
}

static void test_source_that_waits(void **state)
{
	(void)state;
	int32_t id = GET("/wait");
	client_settle();
	assert_int_equal(client_stream(id)->status, 200);
	assert_int_equal(client_stream(id)->body_len, 0);
	harness_wake();
	client_settle();
	client_expect(id, 200, "01234");
}

static void test_answer_that_comes_later(void **state)
{
	(void)state;
	int32_t id = GET("/hold");
	client_settle();
	assert_int_equal(client_stream(id)->status, 0);
	harness_answer("later");
	client_settle();
	client_expect(id, 200, "later");
}

/* Three bytes a frame, as the window opens. */
static void test_narrow_window(void **state)
{
	(void)state;
	int32_t ids[] = { GET("/ignore"), GET("/source/12/12"), GET("/source/-/12") };
	client_settle();
	client_expect(ids[0], 200, "hello");
	client_expect(ids[1], 200, "012340123401");
	client_expect(ids[2], 200, "012340123401");
}

static void test_content_is_echoed(void **state)
{
	(void)state;
	int32_t plain = client_post("/", NULL, "some content", NULL);
	client_settle();
	client_expect(plain, 200, "some content");
	int32_t sized = client_post("/", "content-length: 4\n", "four", NULL);
	client_settle();
	client_expect(sized, 200, "four");
	int32_t empty = client_post("/", NULL, "", NULL);
	client_settle();
	client_expect(empty, 200, "hello");
	int32_t trailers = client_post("/", NULL, "with trailers", "abc");
	client_settle();
	client_expect(trailers, 200, "with trailers");
}

/* The sink takes five bytes at a time; what it does not take waits. */
static void test_sink_that_is_full(void **state)
{
	(void)state;
	int32_t id = client_post("/slow", NULL, "0123456789ab", NULL);
	client_settle();
	assert_int_equal(harness.content_len, 5);
	harness_read_on();
	client_settle();
	assert_int_equal(harness.content_len, 10);
	harness_read_on();
	client_settle();
	client_expect(id, 200, "0123456789ab");
}

/* Nobody takes it: the client is held back by the window of the stream. */
static void test_held_content(void **state)
{
	static char content[200000];
	const struct client_stream *s = client_stream(1);

	(void)state;
	harness.server.terms.body = 0;
	int32_t id = client_post_bytes("/hold", NULL, content, sizeof(content));
	client_settle();
	assert_int_equal(sizeof(content) - s->content_left, 65535);
	int32_t other = GET("/ignore");
	client_settle();
	client_expect(other, 200, "hello");
	/* Another request took its place in the harness. */
	assert_null(harness.held == NULL ? NULL : client_stream(id)->body);
}

static void test_too_large(void **state)
{
	static char content[2000];

	(void)state;
	int32_t told = client_post_bytes("/", "content-length: 2000\n", content, 2000);
	client_settle();
	assert_int_equal(client_stream(told)->status, 413);
	assert_int_equal(harness.refusals, 1);
	int32_t found = client_post_bytes("/", NULL, content, 2000);
	client_settle();
	assert_int_equal(client_stream(found)->status, 413);
	assert_int_equal(harness.abort_reason, ABORT_TOO_LARGE);
	assert_int_equal(harness.sinks_aborted, 1);
}

static void test_too_large_for_the_route(void **state)
{
	static const struct http_terms narrow = { .body = 10, .body_ms = 60000, .keepalive = true };
	static const struct http_terms wide = { .body = 2000, .body_ms = 60000, .keepalive = true };
	static char content[2000];

	(void)state;
	harness.terms = &narrow;
	int32_t told = client_post_bytes("/", "content-length: 11\n", content, 11);
	int32_t found = client_post_bytes("/", NULL, content, 11);
	client_settle();
	assert_int_equal(client_stream(told)->status, 413);
	assert_int_equal(client_stream(found)->status, 413);
	harness.terms = &wide;
	int32_t fits = client_post_bytes("/", "content-length: 2000\n", content, 2000);
	client_settle();
	assert_int_equal(client_stream(fits)->status, 200);
}

static void test_length_that_is_wrong(void **state)
{
	(void)state;
	int32_t more = client_post("/", "content-length: 3\n", "four", NULL);
	client_settle();
	client_expect_reset(more, NGHTTP2_PROTOCOL_ERROR);
	int32_t less = client_post("/", "content-length: 5\n", "four", NULL);
	client_settle();
	client_expect_reset(less, NGHTTP2_PROTOCOL_ERROR);
	assert_int_equal(harness.aborts, 2);
	assert_int_equal(harness.abort_reason, ABORT_SYNTAX);
	assert_int_equal(harness.sinks_aborted, 2);
}

static void test_expectation(void **state)
{
	(void)state;
	int32_t id = client_post("/", "expect: 100-continue\n", "", NULL);
	client_settle();
	client_expect(id, 200, "hello");
}

static void test_answer_before_the_content(void **state)
{
	static char content[2000];

	(void)state;
	int32_t id = client_post_bytes("/ignore", NULL, content, sizeof(content));
	client_settle();
	client_expect(id, 200, "hello");
	client_expect_reset(id, NGHTTP2_NO_ERROR);
	assert_int_equal(harness.dones, 1);
}

static void test_cancelled(void **state)
{
	(void)state;
	int32_t id = GET("/hold");
	client_settle();
	nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
	client_settle();
	assert_int_equal(harness.aborts, 1);
	assert_int_equal(harness.abort_reason, ABORT_PEER);
	id = GET("/wait");
	client_settle();
	nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
	client_settle();
	assert_int_equal(harness.aborts, 2);
	assert_int_equal(harness.sources_closed, 1);
	id = client_post("/slow", NULL, "0123456789", NULL);
	client_settle();
	nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
	client_settle();
	assert_int_equal(harness.sinks_aborted, 1);
}

static void test_peer_is_gone(void **state)
{
	(void)state;
	GET("/hold");
	GET("/big");
	while (harness.heads < 2) {
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(client.session, &bytes);
		if (n > 0)
			harness_send(client.fd, (const char *)bytes, (size_t)n);
		loop_turn(harness.net.loop, 0);
	}
	struct linger reset = { 1, 0 };
	setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	shutdown(client.fd, SHUT_RDWR);
	for (int i = 0; i < 10; i++)
		loop_turn(harness.net.loop, 0);
	assert_int_equal(harness.net.count, 0);
	assert_int_equal(harness.dones + harness.aborts, 2);
}

static void test_drain_in_two_steps(void **state)
{
	(void)state;
	int32_t held = GET("/hold");
	client_settle();
	net_worker_drain(&harness.net, false);
	client_settle();
	assert_int_equal(client.goaways, 2);
	assert_int_equal(client.goaway_first, 0x7fffffff);
	assert_int_equal(client.goaway_last, held);
	assert_int_equal(client.goaway_error, NGHTTP2_NO_ERROR);
	assert_false(harness.eof);
	harness_answer("last");
	client_settle();
	client_expect(held, 200, "last");
	assert_true(harness.eof);
}

static void test_last_request_by_its_route(void **state)
{
	static const struct http_terms terms = { .send_ms = 60000, .keepalive = false };

	(void)state;
	int32_t first = GET("/ignore");
	client_settle();
	assert_int_equal(client.goaways, 0);
	harness.terms = &terms;
	int32_t last = GET("/ignore");
	client_settle();
	client_expect(first, 200, "hello");
	client_expect(last, 200, "hello");
	assert_int_equal(client.goaway_last, last);
	assert_true(harness.eof);
}

static void test_content_does_not_come_for_its_route(void **state)
{
	static const struct http_terms terms = {
		.body_ms = 50, .send_ms = 60000, .keepalive = true
	};

	(void)state;
	harness.terms = &terms;
	int32_t id = client_post("/", "content-length: 9\n", "four", NULL);
	client_stream(id)->stalls = true;
	for (int i = 0; i < 500 && client_stream(id)->status == 0; i++) {
		loop_turn(harness.net.loop, 10);
		client_settle();
	}
	assert_int_equal(client_stream(id)->status, 408);
	assert_int_equal(harness.abort_reason, ABORT_TIMEOUT);
}

static void test_last_request(void **state)
{
	(void)state;
	harness.server.limits.keepalive_requests = 2;
	int32_t first = GET("/ignore"), second = GET("/ignore");
	client_settle();
	client_expect(first, 200, "hello");
	client_expect(second, 200, "hello");
	assert_int_equal(client.goaway_last, second);
	assert_true(harness.eof);
}

static void test_idle_can_be_culled(void **state)
{
	(void)state;
	GET("/ignore");
	client_settle();
	assert_false(list_empty(&harness.net.idle));
	struct conn *c = CONTAINER_OF(harness.net.idle.next, struct conn, idle_node);
	assert_int_equal(c->protocol->cull(c), 1);
	client_settle();
	assert_int_equal(client.goaway_error, NGHTTP2_NO_ERROR);
	assert_true(harness.eof);
}

static void test_busy_is_not_culled(void **state)
{
	(void)state;
	GET("/hold");
	client_settle();
	assert_true(list_empty(&harness.net.idle));
	struct conn *c = CONTAINER_OF(harness.net.conns.next, struct conn, node);
	assert_int_equal(c->protocol->cull(c), 0);
	harness_answer("done");
	client_settle();
}

static void test_malformed_is_told_to_the_log(void **state)
{
	(void)state;
	int32_t id = client_ask("GET", "/", "connection: close\n");
	client_settle();
	client_expect_reset(id, NGHTTP2_PROTOCOL_ERROR);
	assert_int_equal(harness.refusals, 1);
	assert_int_equal(harness.refused_status, 400);
	assert_int_equal(harness.heads, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_CUT(name)                                        \
	{                                                     \
#name " cut", name, setup_cut, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_at_once),
		TEST(test_big),
		TEST(test_sources),
		TEST_CUT(test_sources),
		TEST(test_source_in_wide_pieces),
		TEST(test_source_that_gives_too_little),
		TEST_CUT(test_source_that_gives_too_little),
		TEST(test_source_that_fails),
		TEST(test_source_that_waits),
		TEST_CUT(test_source_that_waits),
		TEST(test_answer_that_comes_later),
		cmocka_unit_test_setup_teardown(test_narrow_window, setup_narrow, teardown),
		TEST(test_content_is_echoed),
		TEST_CUT(test_content_is_echoed),
		TEST(test_sink_that_is_full),
		TEST_CUT(test_sink_that_is_full),
		TEST(test_held_content),
		TEST(test_too_large),
		TEST(test_too_large_for_the_route),
		TEST(test_length_that_is_wrong),
		TEST(test_expectation),
		TEST(test_answer_before_the_content),
		TEST(test_cancelled),
		TEST(test_peer_is_gone),
		TEST(test_drain_in_two_steps),
		TEST(test_last_request),
		TEST(test_last_request_by_its_route),
		TEST(test_content_does_not_come_for_its_route),
		TEST(test_idle_can_be_culled),
		TEST(test_busy_is_not_culled),
		TEST(test_malformed_is_told_to_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
