/*
 * fields_test.c - the fields of requests and responses: compression's known figures, limits, and
 * what a handler gets to see.
 */
#include "client.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
	(void)state;
	client_start(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_stop();
	return 0;
}

/* GET http localhost:8080 / of curl/8.7.1, as that client sends it. */
static const uint8_t curl_block[] = { 0x82, 0x86, 0x41, 0x8a, 0xa0, 0xe4, 0x1d, 0x13, 0x9d, 0x09,
	0xb8, 0xf0, 0x1e, 0x07, 0x84, 0x7a, 0x88, 0x25, 0xb6, 0x50, 0xc3, 0xcb, 0xba, 0xb8, 0x7f,
	0x53, 0x03, 0x2a, 0x2f, 0x2a };

static void test_block_of_curl(void **state)
{
	static const char *const wanted[][2] = {
		{ ":method", "GET" },
		{ ":scheme", "http" },
		{ ":authority", "localhost:8080" },
		{ ":path", "/" },
		{ "user-agent", "curl/8.7.1" },
		{ "accept", "*/*" },
	};
	nghttp2_hd_inflater *inflater;
	const uint8_t *at = curl_block, *end = curl_block + sizeof(curl_block);
	size_t n = 0;

	(void)state;
	assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
	while (at < end) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t used =
		    nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, (size_t)(end - at), 1);
		assert_true(used > 0);
		at += used;
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
			continue;
		assert_in_range(n, 0, 5);
		assert_string_equal((char *)nv.name, wanted[n][0]);
		assert_string_equal((char *)nv.value, wanted[n][1]);
		n++;
	}
	assert_int_equal(n, 6);
	nghttp2_hd_inflate_del(inflater);
}

static void test_block_of_curl_is_served(void **state)
{
	static const uint8_t settings[] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };
	static const uint8_t head[] = { 0, 0, sizeof(curl_block), 1, 5, 0, 0, 0, 1 };

	(void)state;
	client_raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
	client_raw(settings, sizeof(settings));
	client_raw(head, sizeof(head));
	client_raw(curl_block, sizeof(curl_block));
	harness_settle(client.fd);
	assert_int_equal(harness.dones, 1);
	assert_got("hello");
}

static void test_huffman_of_text_html(void **state)
{
	static const uint8_t wanted[] = { 0x49, 0x7c, 0xa5, 0x89, 0xd3, 0x4d, 0x1f };
	nghttp2_hd_deflater *deflater;
	nghttp2_nv nv = { (uint8_t *)"content-type", (uint8_t *)"text/html", 12, 9, 0 };
	uint8_t out[64];

	(void)state;
	assert_int_equal(nghttp2_hd_deflate_new(&deflater, 4096), 0);
	ssize_t len = nghttp2_hd_deflate_hd(deflater, out, sizeof(out), &nv, 1);
	assert_true(len > (ssize_t)sizeof(wanted));
	assert_memory_equal(out + len - sizeof(wanted), wanted, sizeof(wanted));
	nghttp2_hd_deflate_del(deflater);
}

static void test_response(void **state)
{
	(void)state;
	int32_t id = GET("/");
	client_settle();
	client_expect(id, 200, "hello");
	const char *fields = client_stream(id)->fields;
	assert_int_equal(strncmp(fields, "server: httpd\ndate: ", 20), 0);
	assert_non_null(strstr(fields, " GMT\ncontent-length: 5\n"));
	client_expect_reset(id, NGHTTP2_NO_ERROR);
}

static void test_second_response_is_short(void **state)
{
	(void)state;
	int32_t first = GET("/");
	client_settle();
	int32_t second = GET("/");
	client_settle();
	client_expect(second, 200, "hello");
	assert_true(client_stream(second)->field_bytes * 3 < client_stream(first)->field_bytes);
}

static void test_names_are_lower_case(void **state)
{
	(void)state;
	int32_t id = client_ask("TRACE", "/", NULL);
	client_settle();
	assert_int_equal(client_stream(id)->status, 405);
	assert_non_null(strstr(client_stream(id)->fields, "\nallow: GET"));
	assert_non_null(strstr(client_stream(id)->fields, "\ncontent-type: text/html"));
	assert_int_equal(harness.refusals, 1);
	assert_int_equal(harness.refused_status, 405);
}

static void test_no_content(void **state)
{
	(void)state;
	int32_t head = client_ask("HEAD", "/ignore", NULL);
	int32_t none = GET("/status/204");
	int32_t unchanged = GET("/status/304");
	client_settle();
	client_expect(head, 200, "");
	assert_non_null(strstr(client_stream(head)->fields, "content-length: 5\n"));
	client_expect(none, 204, "");
	assert_null(strstr(client_stream(none)->fields, "content-length"));
	client_expect(unchanged, 304, "");
	assert_int_equal(harness.dones, 3);
}

static void test_interim(void **state)
{
	(void)state;
	int32_t id = GET("/hints");
	client_settle();
	client_expect(id, 200, "hello");
	assert_int_equal(client_stream(id)->hints, 103);
	assert_non_null(strstr(client_stream(id)->fields, "link: </a>; rel=preload\n"));
}

static int ask_with(const char *fields)
{
	int32_t id = client_ask("GET", "/ignore", fields);

	client_settle();
	return client_stream(id)->status;
}

static char *letters(char *to, size_t n, const char *behind)
{
	strcpy(to, "x: ");
	memset(to + 3, 'a', n);
	strcpy(to + 3 + n, behind);
	return to;
}

static void test_limits(void **state)
{
	char text[4096] = "";

	(void)state;
	/* Two pseudo-header fields that count, and host for :authority does not. */
	size_t own = strlen(":schemehttp") + strlen(":authoritya") + 2 * 32;
	size_t most = 2048 - own - 32 - 1;
	assert_int_equal(ask_with(letters(text, most, "\n")), 200);
	assert_int_equal(ask_with(letters(text, most + 1, "\n")), 431);
	/* 1024 bytes of names and values may come as 1024 fields: each has its price. */
	text[0] = '\0';
	for (int i = 0; i < 10; i++)
		strcat(text, "x: y\n");
	assert_int_equal(ask_with(text), 200);
	assert_int_equal(ask_with(strcat(text, "x: y\n")), 431);
	memset(text, '/', 256);
	text[256] = '\0';
	assert_int_equal(client_stream(GET("/ignore"))->status, 0);
	int32_t fits = GET(text), over = GET(strcat(text, "/"));
	client_settle();
	assert_int_equal(client_stream(fits)->status, 200);
	assert_int_equal(client_stream(over)->status, 414);
}

static void test_trailers_over_the_limit(void **state)
{
	char text[4096];

	(void)state;
	memset(text, 'a', 2000);
	text[2000] = '\0';
	int32_t id = client_post("/", NULL, "content", text);
	client_settle();
	client_expect_reset(id, NGHTTP2_PROTOCOL_ERROR);
	assert_int_equal(harness.aborts, 1);
}

/* What else is malformed is asked of the whole server: tests/e2e/h2_rules.py. */
static void test_hosts(void **state)
{
	(void)state;
	assert_int_equal(ask_with("host: a\n"), 200);
	assert_int_equal(ask_with("host: A.\n"), 200);
	assert_int_equal(ask_with("host: b\n"), 400);
	assert_int_equal(ask_with("expect: wonders\n"), 417);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block_of_curl),
		TEST(test_block_of_curl_is_served),
		cmocka_unit_test(test_huffman_of_text_html),
		TEST(test_response),
		TEST(test_second_response_is_short),
		TEST(test_names_are_lower_case),
		TEST(test_no_content),
		TEST(test_interim),
		TEST(test_limits),
		TEST(test_trailers_over_the_limit),
		TEST(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
