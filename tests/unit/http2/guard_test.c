/*
 * guard_test.c - what the guard lets pass, frame by frame.
 */
#include "http2/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above */
#include <cmocka.h>

enum { PROTOCOL_ERROR = 1, STREAM_CLOSED = 5, ENHANCE_YOUR_CALM = 11 };

static const struct http_limits limits = { .uri = 1000, .header_size = 4000 };

static struct h2_guard guard;

static int setup(void **state)
{
	(void)state;
	h2_guard_init(&guard, &limits, 5000);
	return 0;
}

static uint32_t ask_at(uint64_t now_ms, struct h2_frame frame, bool live)
{
	return h2_guard_frame(&guard, &frame, live, now_ms).error;
}

static uint32_t ask(struct h2_frame frame)
{
	return ask_at(5000, frame, true);
}

/* How many of these frames pass. */
static unsigned passes(struct h2_frame frame)
{
	unsigned n = 0;

	while (n < 100000 && ask(frame) == 0)
		n++;
	return n;
}

static void test_parse(void **state)
{
	static const uint8_t head[] = { 0x01, 0x02, 0x03, 9, 4, 0xff, 0xff, 0xff, 0xfe };
	struct h2_frame frame = h2_frame_parse(head);

	(void)state;
	assert_int_equal(frame.length, 0x010203);
	assert_int_equal(frame.type, H2_CONTINUATION);
	assert_int_equal(frame.flags, 4);
	assert_int_equal(frame.stream, 0x7ffffffe); /* without the reserved bit */
}

static void test_floods(void **state)
{
	static const struct h2_frame frames[] = {
		{ .type = H2_SETTINGS, .length = 6 },
		{ .type = H2_PING, .length = 8 },
		{ .type = H2_PRIORITY, .length = 5, .stream = 1 },
		{ .type = H2_WINDOW_UPDATE, .length = 4 },
		{ .type = H2_RST_STREAM, .length = 4, .stream = 1 },
		{ .type = H2_DATA, .length = 0, .stream = 1 },
		{ .type = H2_DATA, .length = 200, .flags = H2_FLAG_PADDED, .stream = 1 },
		{ .type = 16, .length = 7 },
		{ .type = 0xf0, .length = 1000 },
	};

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		setup(state);
		assert_in_range(passes(frames[i]), 900, 1000);
		assert_int_equal(ask(frames[i]), ENHANCE_YOUR_CALM);
	}
}

static void test_content_is_no_flood(void **state)
{
	(void)state;
	assert_int_equal(
	    passes((struct h2_frame){ .type = H2_DATA, .length = 1, .stream = 1 }), 100000);
}

/* Two updates of windows for each piece of content, as some clients send them. */
static void test_work_pays_for_frames(void **state)
{
	(void)state;
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(
		    ask((struct h2_frame){ .type = H2_WINDOW_UPDATE, .length = 4 }), 0);
		assert_int_equal(
		    ask((struct h2_frame){ .type = H2_WINDOW_UPDATE, .length = 4, .stream = 1 }),
		    0);
		h2_guard_earn(&guard, H2_EARN_CONTENT);
	}
}

static void test_time_heals(void **state)
{
	const struct h2_frame ping = { .type = H2_PING, .length = 8 };

	(void)state;
	passes(ping);
	assert_int_equal(ask_at(5900, ping, false), ENHANCE_YOUR_CALM);
	assert_int_equal(ask_at(6100, ping, false), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(ask_at(6100, ping, false), 0);
	passes(ping);
	/* A day later there is no more than at first. */
	assert_int_equal(ask_at(86400000, ping, false), 0);
	unsigned n = 0;
	while (ask_at(86400000, ping, false) == 0)
		n++;
	assert_in_range(n, 900, 1000);
}

static struct h2_frame block(uint8_t type, uint32_t length, uint8_t flags)
{
	return (struct h2_frame){ .type = type, .length = length, .flags = flags, .stream = 1 };
}

static void test_continuations(void **state)
{
	(void)state;
	assert_int_equal(ask(block(H2_HEADERS, 10, 0)), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(ask(block(H2_CONTINUATION, 1, 0)), 0);
	assert_int_equal(ask(block(H2_CONTINUATION, 1, 0)), ENHANCE_YOUR_CALM);
}

static void test_size_of_fields(void **state)
{
	(void)state;
	/* 2 x (4000 + 1000) + 32 KiB */
	assert_int_equal(ask(block(H2_HEADERS, 16384, 0)), 0);
	assert_int_equal(ask(block(H2_CONTINUATION, 16384, 0)), 0);
	assert_int_equal(ask(block(H2_CONTINUATION, 10000, H2_FLAG_END_HEADERS)), 0);
	assert_int_equal(ask(block(H2_HEADERS, 16384, 0)), 0);
	assert_int_equal(ask(block(H2_CONTINUATION, 16384, 0)), 0);
	assert_int_equal(ask(block(H2_CONTINUATION, 10001, 0)), ENHANCE_YOUR_CALM);
}

static void test_nothing_between_fields(void **state)
{
	(void)state;
	assert_int_equal(ask(block(H2_HEADERS, 10, 0)), 0);
	assert_int_equal(ask((struct h2_frame){ .type = 0xf0 }), PROTOCOL_ERROR);
}

static struct h2_frame head(uint32_t stream)
{
	return (struct h2_frame){
		.type = H2_HEADERS, .length = 10, .flags = H2_FLAG_END_HEADERS, .stream = stream
	};
}

static void test_streams(void **state)
{
	const struct h2_frame data = { .type = H2_DATA, .length = 1, .stream = 5 };

	(void)state;
	assert_int_equal(ask_at(0, head(5), false), 0);
	assert_int_equal(ask_at(0, data, true), 0);
	assert_int_equal(ask_at(0, head(5), true), 0); /* trailers */
	assert_int_equal(ask_at(0, head(3), false), PROTOCOL_ERROR);

	h2_guard_completed(&guard, 5, false); /* we cut it: what was under way is harmless */
	assert_int_equal(ask_at(0, data, false), 0);
	assert_int_equal(ask_at(0, head(5), false), 0);

	h2_guard_completed(&guard, 5, true);
	assert_int_equal(ask_at(0, data, false), STREAM_CLOSED);
	assert_int_equal(ask_at(0, head(5), false), STREAM_CLOSED);
	assert_int_equal(ask_at(0, head(7), false), 0);
}

static void test_patience(void **state)
{
	unsigned n = 0;

	(void)state;
	while (h2_guard_broken(&guard, 2 * n + 1, true, 5000).error == 0)
		n++;
	assert_in_range(n, 200, 256);
	h2_guard_completed(&guard, 1001, true);
	h2_guard_completed(&guard, 1003, true);
	assert_int_equal(h2_guard_broken(&guard, 1005, true, 5000).error, 0);
	/* Half of all in the long run. */
	for (unsigned i = 0; i < 10000; i++) {
		h2_guard_completed(&guard, 1007 + 4 * i, true);
		assert_int_equal(h2_guard_broken(&guard, 1009 + 4 * i, true, 5000).error, 0);
	}
}

static void test_priority(void **state)
{
	struct h2_frame frame = {
		.type = H2_PRIORITY, .length = 5, .stream = 3, .payload = { "\0\0\0\1\x10", 5 }
	};

	(void)state;
	assert_int_equal(ask(frame), 0);
	frame.stream = 1;
	assert_int_equal(ask(frame), PROTOCOL_ERROR);
	frame.payload.len = 3;
	assert_int_equal(ask(frame), 0);
	frame.stream = 0;
	assert_int_equal(ask(frame), PROTOCOL_ERROR);
}

static void test_priority_update(void **state)
{
	struct h2_frame frame = { .type = 16, .length = 7, .payload = { "\0\0\0\1u=1", 7 } };

	(void)state;
	assert_int_equal(ask(frame), 0);
	frame.payload.ptr = "\x80\0\0\0u=1"; /* the first bit is reserved */
	assert_int_equal(ask(frame), PROTOCOL_ERROR);
	frame.payload.len = 3; /* the library's: FRAME_SIZE_ERROR */
	assert_int_equal(ask(frame), 0);
}

static void test_decoded_fields(void **state)
{
	const struct h2_frame headers = {
		.type = H2_HEADERS, .length = 100, .flags = H2_FLAG_END_HEADERS, .stream = 1
	};
	const uint32_t most = guard.block_max - H2_FIELD_COST;

	(void)state;
	/* Each block anew. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(headers), 0);
		assert_int_equal(h2_guard_field(&guard, most).error, 0);
	}
	assert_int_equal(h2_guard_field(&guard, 0).error, ENHANCE_YOUR_CALM);
	assert_int_equal(ask(headers), 0);
	assert_int_equal(h2_guard_field(&guard, most + 1).error, ENHANCE_YOUR_CALM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_parse, setup),
		cmocka_unit_test_setup(test_floods, setup),
		cmocka_unit_test_setup(test_content_is_no_flood, setup),
		cmocka_unit_test_setup(test_work_pays_for_frames, setup),
		cmocka_unit_test_setup(test_time_heals, setup),
		cmocka_unit_test_setup(test_continuations, setup),
		cmocka_unit_test_setup(test_size_of_fields, setup),
		cmocka_unit_test_setup(test_nothing_between_fields, setup),
		cmocka_unit_test_setup(test_streams, setup),
		cmocka_unit_test_setup(test_patience, setup),
		cmocka_unit_test_setup(test_priority, setup),
		cmocka_unit_test_setup(test_priority_update, setup),
		cmocka_unit_test_setup(test_decoded_fields, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
