/*
 * template_test.c - variables, and values made safe for where they go.
 */
#include "app/template.h"

#include "app/escape.h"
#include "base/clock.h"
#include "fake_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const params[] = { "name", "*", NULL };

struct world {
	struct fake_request f;
	struct site site;
	struct route route;
	struct exchange x;
	struct arena arena;
	struct buf out;
};

static void world_init(struct world *w)
{
	*w = (struct world){ 0 };
	fake_request_init(&w->f, NULL, "/a b/<x>?q=1&r=%20");
	w->site.name = SLICE("example.org");
	w->route.pattern = SLICE("/:name/*");
	w->x = (struct exchange){ .site = &w->site, .route = &w->route, .param_count = 2 };
	w->x.params[0] = (struct route_param){ SLICE("name"), SLICE("a b") };
	w->x.params[1] = (struct route_param){ SLICE("*"), SLICE("<x>") };
	w->f.r.app_state = &w->x;
	w->f.r.response.status = 404;
	w->f.r.content_sent = 1234;
	w->f.r.response.note = "because";
	response_add_static(
	    &w->f.r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), SLICE("text/plain"));
	fake_request_field(&w->f, "User-Agent", "Test/1.0 \"quoted\" \\ \x1b[31m");
	fake_request_field(&w->f, "X-Own", "mine\r\nSet-Cookie: a=b");
	buf_init(&w->out, 4096);
}

static void world_fini(struct world *w)
{
	arena_fini(&w->f.r.arena);
	arena_fini(&w->arena);
	buf_fini(&w->f.content);
	buf_fini(&w->out);
}

static void expect(struct world *w, const char *text, enum template_escape how, const char *wanted)
{
	const struct template *t;
	struct template_error error;
	assert_int_equal(template_compile(slice_str(text), &w->arena, params, &t, &error), OK);
	buf_clear(&w->out);
	assert_int_equal(template_expand(t, &w->f.r, how, &w->out), OK);
	if (!slice_eq(buf_peek(&w->out), slice_str(wanted)))
		fail_msg("%s: %s", text, w->out.data);
}

static void test_variables(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	expect(&w, "", ESCAPE_NONE, "");
	expect(&w, "plain $ text $$ {x}", ESCAPE_NONE, "plain $ text $$ {x}");
	expect(&w, "${method} ${path} ${query}", ESCAPE_NONE, "GET /a b/<x> q=1&r=%20");
	expect(&w, "${target}|", ESCAPE_NONE, "/a b/<x>?q=1&r=%20|");
	expect(&w, "${scheme}://${host}", ESCAPE_NONE, "http://example.org");
	expect(&w, "${remote_addr} ${status} ${bytes}", ESCAPE_NONE, "192.0.2.1 404 1234");
	expect(&w, "${protocol}", ESCAPE_NONE, "HTTP/1.1");
	expect(&w, "[${sent_http_content_type}][${sent_http_none}][${note}]", ESCAPE_NONE,
	    "[text/plain][][because]");
	expect(&w, "${site} ${route}", ESCAPE_NONE, "example.org /:name/*");
	expect(&w, "${name}${*}", ESCAPE_NONE, "a b<x>");
	expect(&w, "[${user}][${tls_version}][${http_absent}]", ESCAPE_NONE, "[][][]");
	w.f.r.version = HTTP_1_0;
	expect(&w, "${protocol}", ESCAPE_NONE, "HTTP/1.0");
	world_fini(&w);
}

/* Asked for one after the other, so none is less than the one before. */
static bool is_personal(struct world *w, const char *text)
{
	const struct template *t;
	struct template_error error;
	assert_int_equal(template_compile(slice_str(text), &w->arena, params, &t, &error), OK);
	return template_is_personal(t);
}

static void test_personal(void **state)
{
	static const char *const of_one[] = { "${remote_addr}", "${remote_port}", "${user}",
		"${http_user_agent}", "${http_host}", "${claim_sub}", "${request_id}",
		"${traceparent}", "${tls_client_subject}", "${protocol}", "${target}",
		"${local_port}", "${port}", "${name} ${http_x}" };
	struct world w;
	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(of_one) / sizeof(*of_one); i++)
		if (!is_personal(&w, of_one[i]))
			fail_msg("%s is said to be for all", of_one[i]);
	assert_false(is_personal(&w, "plain"));
	assert_false(is_personal(&w, "${name}${*}${path}?${query} ${scheme}://${host} ${time_iso} "
				     "${route} ${site} ${status} ${method}"));
	world_fini(&w);
}

static void test_durations(void **state)
{
	struct slice text = SLICE("${duration_us} ${duration_ms} ${duration_s}");
	const struct template *t;
	struct template_error error;
	struct world w;
	unsigned long long us, ms, s, fraction;
	char digits[16];
	(void)state;
	world_init(&w);
	w.f.r.received_us = clock_mono_us() - 61004000;
	assert_int_equal(template_compile(text, &w.arena, NULL, &t, &error), OK);
	assert_int_equal(template_expand(t, &w.f.r, ESCAPE_NONE, &w.out), OK);
	assert_int_equal(buf_byte(&w.out, '\n'), OK);
	assert_int_equal(sscanf(w.out.data, "%llu %llu %llu.%15[0-9]", &us, &ms, &s, digits), 4);
	assert_int_equal(strlen(digits), 3);
	fraction = strtoull(digits, NULL, 10);
	assert_true(us >= 61004000 && ms >= us / 1000 && s * 1000 + fraction >= ms);
	assert_true(s * 1000 + fraction <= (clock_mono_us() - w.f.r.received_us) / 1000);
	world_fini(&w);
}

static void test_escapes(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	expect(&w, "<${*}>", ESCAPE_HTML, "<&lt;x&gt;>");
	expect(&w, "/new/${name}/${*}?${query}", ESCAPE_URL, "/new/a%20b/%3Cx%3E?q=1&r=%20");
	expect(&w, "${http_x_own}", ESCAPE_HEADER, "mineSet-Cookie: a=b");
	expect(&w, "\"${http_user_agent}\" ${user}", ESCAPE_LOG,
	    "\"Test/1.0 \\x22quoted\\x22 \\x5c \\x1b[31m\" -");
	expect(&w, "\"${http_user_agent}\"", ESCAPE_JSON,
	    "\"Test/1.0 \\\"quoted\\\" \\\\ \\u001b[31m\"");
	expect(&w, "\"${http_x_own}\"", ESCAPE_JSON, "\"mine\\r\\nSet-Cookie: a=b\"");
	world_fini(&w);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} bad[] = { { "a ${unknown} b", 2 }, { "${", 0 }, { "xy ${path", 3 }, { "${}", 0 },
		{ "${http_}", 0 }, { "${path}${Path}", 7 } };
	struct arena a;
	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct template *t;
		struct template_error error = { NULL, 99 };
		assert_int_equal(
		    template_compile(slice_str(bad[i].text), &a, NULL, &t, &error), ERR_SYNTAX);
		assert_non_null(error.reason);
		assert_int_equal(error.at, bad[i].at);
	}
	arena_fini(&a);
}

static void test_full(void **state)
{
	const struct template *t;
	struct template_error error;
	struct world w;
	struct buf small;
	(void)state;
	world_init(&w);
	buf_init(&small, 8);
	assert_int_equal(template_compile(SLICE("${path}"), &w.arena, NULL, &t, &error), OK);
	w.f.r.path = SLICE("/longer/than/eight");
	assert_int_equal(template_expand(t, &w.f.r, ESCAPE_NONE, &small), ERR_FULL);
	buf_fini(&small);
	world_fini(&w);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = { { "a", 1 }, { "\xc3\xa4", 2 }, { "\xe2\x82\xac", 3 },
		{ "\xf0\x9f\x98\x80", 4 }, { "", 0 }, { "\n", 0 }, { "\x7f", 0 }, { "\xc2\x85", 0 },
		{ "\x80", 0 }, { "\xc0\x80", 0 }, { "\xc3", 0 }, { "\xe0\x80\x80", 0 },
		{ "\xed\xa0\x80", 0 }, { "\xf4\x90\x80\x80", 0 }, { "\xff", 0 },
		{ "\xe2\x82z", 0 } };
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (utf8_printable(slice_str(rows[i].text)) != rows[i].len)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_personal),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
