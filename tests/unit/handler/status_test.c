/* status_test.c - /status in both forms: what strangers can write on it stays text, and nobody but
 * the page's own script runs. */
#include "handler/status.h"

#include "../app/fake_wire.h"
#include "app/auth.h"
#include "app/compress.h"
#include "app/guard.h"
#include "base/scoreboard.h"
#include "config/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static const struct handler *const handlers[] = { &status_handler, NULL };
static const struct middleware *const middleware[] = { NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &compress_group, &access_group,
	&auth_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static struct scoreboard *board;
static struct fake_worker worker;
static struct fake_request answer;
static char text[1 << 18];

static int set_up(void **state)
{
	(void)state;
	if (scoreboard_new(&board) != OK)
		return -1;
	scoreboard_use(board, score_take_slot(board));
	score_self()->state = SCORE_READY;
	score_self()->pid = 4711;
	score_self()->number = 1;
	score_self()->sandbox = SANDBOX_SECCOMP;
	fake_worker_init(&worker, &modules, false);
	fake_worker_config(&worker,
	    "listen = ( { address = \"127.0.0.1\"; } );"
	    "sites = ( { routes = ( { path = \"/s\"; handler = \"status\"; } ); } );");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_worker_fini(&worker);
	scoreboard_free(&board);
	return 0;
}

static void ask(const char *path, const char *accept)
{
	fake_request_init(&answer, worker.sites, path);
	if (accept)
		fake_request_field(&answer, "Accept", accept);
	fake_request_start(&answer);
	assert_int_equal(answer.r.response.status, 200);
	assert_true(answer.content.len < sizeof(text));
	snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(buf_peek(&answer.content)));
}

static void assert_has(const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void test_forms(void **state)
{
	static const struct {
		const char *path;
		const char *accept;
		const char *type;
	} rows[] = {
		{ "/s", NULL, "text/html; charset=utf-8" },
		{ "/s", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8" },
		{ "/s", "*/*", "text/html; charset=utf-8" },
		{ "/s", "application/json", "application/json" },
		{ "/s?format=json", "text/html", "application/json" },
		{ "/s?format=other", NULL, "text/html; charset=utf-8" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ask(rows[i].path, rows[i].accept);
		assert_string_equal(fake_response_field(&answer, "Content-Type"), rows[i].type);
		assert_string_equal(fake_response_field(&answer, "Cache-Control"), "no-store");
		fake_request_fini(&answer);
	}
}

static void test_json(void **state)
{
	(void)state;
	assert_int_equal(score_site_add(SLICE("a\"\\\x01.example")), OK);
	event_ring_add(
	    score_events(), LOG_LEVEL_ERROR, 1000, SLICE("worker 1"), SLICE("\"</script>\n\xff\\"));
	ask("/s?format=json", NULL);
	assert_has("\"pid\":4711");
	assert_has("\"state\":\"ready\"");
	assert_has("\"sandbox\":{\"landlock\":false,\"seccomp\":true}");
	assert_has("\"name\":\"a\\\"\\\\\\u0001.example\"");
	assert_has("\"level\":\"error\",\"text\":\"worker 1: \\\"");
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	fake_request_fini(&answer);
}

static void test_html_is_escaped(void **state)
{
	static const char attack[] = "</td><script>alert(1)</script>\"'&";
	(void)state;
	assert_int_equal(score_site_add(SLICE("<img src=x>")), OK);
	event_ring_add(score_events(), LOG_LEVEL_NOTICE, 1000, SLICE_NONE, slice_str(attack));
	ask("/s", NULL);
	assert_null(strstr(text, "<script>"));
	assert_null(strstr(text, "<img"));
	assert_has("&lt;img src=x&gt;");
	assert_has("&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;");
	assert_has("<td>1970-01-01T00:00:01Z</td>");
	fake_request_fini(&answer);
}

/* Style and script are let in by a number that is another one next time; nothing else is. */
static void test_policy(void **state)
{
	char first[128] = "";
	(void)state;
	for (int i = 0; i < 2; i++) {
		char nonce[33], tag[64];
		ask("/s", NULL);
		const char *policy = fake_response_field(&answer, "Content-Security-Policy");
		assert_non_null(policy);
		const char *at = strstr(policy, "script-src 'nonce-");
		assert_non_null(at);
		assert_int_equal(sscanf(at, "script-src 'nonce-%32[0-9a-f]'", nonce), 1);
		assert_int_equal(strlen(nonce), 32);
		assert_ptr_equal(strstr(policy, "default-src 'none';"), policy);
		assert_null(strstr(policy, "unsafe"));
		assert_string_not_equal(nonce, first);
		strcpy(first, nonce);
		snprintf(tag, sizeof(tag), "<script nonce=\"%s\">", nonce);
		assert_has(tag);
		snprintf(tag, sizeof(tag), "<style nonce=\"%s\">", nonce);
		assert_has(tag);
		assert_null(strstr(text, "style=")); /* it would not be let in */
		fake_request_fini(&answer);
	}
}

/* Whoever has no script reads all of it all the same. */
static void test_plain(void **state)
{
	(void)state;
	score_self()->requests = 1234567;
	assert_int_equal(score_site_add(SLICE("a.example")), OK);
	const struct score_answer one = { .protocol = SCORE_HTTP_1_1, .status = 503 };
	score_site_count_answer(&score_self()->sites[1], &one);
	ask("/s", NULL);
	assert_has("<noscript><meta http-equiv=\"refresh\"");
	assert_has(">1234567</td>");
	assert_has(">a.example</td>");
	assert_has(">seccomp</dd>");
	assert_has(worker.snapshot->digest);
	fake_request_fini(&answer);
}

static const char *warnings(const char *listen, const char *route)
{
	char config[512];
	snprintf(config, sizeof(config),
	    "listen = ( %s ); sites = ( { routes = ( { path = \"/s\"; handler = \"status\"; %s } "
	    "); "
	    "} );",
	    listen, route);
	return fake_worker_mistakes(&worker, config);
}

static void test_open_to_everybody(void **state)
{
	static const char world[] = "{ port = 8080; }";
	static const char wanted[] = "everybody can read the status here";
	(void)state;
	assert_non_null(strstr(warnings(world, ""), wanted));
	assert_non_null(strstr(warnings(world, "allow = [ \"0.0.0.0/0\" ];"), wanted));
	assert_null(strstr(warnings(world, "allow = [ \"127.0.0.0/8\" ];"), wanted));
	assert_null(strstr(warnings("{ address = \"127.0.0.1\"; }, { address = \"::1\"; }, "
				    "{ address = \"unix:/tmp/s\"; }",
			       ""),
	    wanted));
	assert_non_null(strstr(
	    warnings("{ address = \"127.0.0.1\"; }, { address = \"192.0.2.1\"; }", ""), wanted));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_forms),
		TEST(test_json),
		TEST(test_html_is_escaped),
		TEST(test_policy),
		TEST(test_plain),
		TEST(test_open_to_everybody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
