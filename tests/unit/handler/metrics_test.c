/* metrics_test.c - the text of /metrics: both formats, labels, histograms that add up. */
#include "handler/metrics.h"

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
#include <stdlib.h>
#include <string.h>

static const struct handler *const handlers[] = { &metrics_handler, NULL };
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
static char text[1 << 20];

static int set_up(void **state)
{
	(void)state;
	if (scoreboard_new(&board) != OK)
		return -1;
	scoreboard_use(board, score_take_slot(board));
	score_self()->state = SCORE_READY;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scoreboard_free(&board);
	return 0;
}

static void ask(const char *accept)
{
	fake_worker_init(&worker, &modules, false);
	fake_worker_config(
	    &worker, "sites = ( { routes = ( { path = \"/m\"; handler = \"metrics\"; } ); } );");
	fake_request_init(&answer, worker.sites, "/m");
	if (accept)
		fake_request_field(&answer, "Accept", accept);
	fake_request_start(&answer);
	assert_int_equal(answer.r.response.status, 200);
	snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(buf_peek(&answer.content)));
}

static void end(void)
{
	fake_request_fini(&answer);
	fake_worker_fini(&worker);
}

static void assert_line(const char *line)
{
	const char *at = strstr(text, line);
	size_t len = strlen(line);
	while (at && ((at != text && at[-1] != '\n') || at[len] != '\n'))
		at = strstr(at + 1, line);
	if (!at)
		fail_msg("no line '%s' in:\n%s", line, text);
}

static void test_formats(void **state)
{
	static const char prometheus[] =
	    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
	    "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
	(void)state;
	ask(prometheus);
	assert_string_equal(fake_response_field(&answer, "Content-Type"),
	    "application/openmetrics-text; version=1.0.0; charset=utf-8");
	assert_string_equal(fake_response_field(&answer, "Cache-Control"), "no-store");
	assert_line("# TYPE httpd_requests counter");
	assert_line("# TYPE httpd_build info");
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	end();

	static const char *const others[] = { NULL, "*/*", "text/html,*/*;q=0.8", "text/plain" };
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		ask(others[i]);
		assert_string_equal(fake_response_field(&answer, "Content-Type"),
		    "text/plain; version=0.0.4; charset=utf-8");
		assert_line("# TYPE httpd_requests_total counter");
		assert_line("# TYPE httpd_build_info gauge");
		assert_null(strstr(text, "# EOF"));
		end();
	}
}

/* Whatever stands in the shared names, a line stays a line. */
static void test_labels(void **state)
{
	(void)state;
	assert_int_equal(score_site_add(SLICE("a\"b\\c\nd\xff\x01\xc3\xa4")), OK);
	ask(NULL);
	assert_line("httpd_request_content_bytes_total{"
		    "site=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4\"} 0");
	end();
}

static void count(unsigned site, uint64_t duration_us)
{
	score_site_count_answer(&score_self()->sites[site],
	    &(struct score_answer){
		.protocol = SCORE_HTTP_2, .status = 200, .duration_us = duration_us });
}

static void test_histogram(void **state)
{
	(void)state;
	assert_int_equal(score_site_add(SLICE("a.example")), OK);
	count(1, 90);
	count(1, 2000);
	count(1, 60000000);
	ask(NULL);
	assert_line("httpd_requests_total{site=\"a.example\",code=\"2xx\",protocol=\"HTTP/2\"} 3");
	assert_line("httpd_request_duration_seconds_bucket{site=\"a.example\",le=\"0.0001\"} 1");
	assert_line("httpd_request_duration_seconds_bucket{site=\"a.example\",le=\"0.001\"} 1");
	assert_line("httpd_request_duration_seconds_bucket{site=\"a.example\",le=\"0.0025\"} 2");
	assert_line("httpd_request_duration_seconds_bucket{site=\"a.example\",le=\"1.0\"} 2");
	assert_line("httpd_request_duration_seconds_bucket{site=\"a.example\",le=\"10.0\"} 2");
	assert_line("httpd_request_duration_seconds_bucket{site=\"a.example\",le=\"+Inf\"} 3");
	assert_line("httpd_request_duration_seconds_sum{site=\"a.example\"} 60.002090");
	assert_line("httpd_request_duration_seconds_count{site=\"a.example\"} 3");
	assert_null(strstr(text, "site=\"other\""));
	end();
}

/* Those without a place of their own are there as soon as they count. */
static void test_other(void **state)
{
	(void)state;
	assert_int_equal(score_site_add(SLICE("a.example")), OK);
	count(0, 1);
	ask(NULL);
	assert_line("httpd_request_duration_seconds_count{site=\"other\"} 1");
	end();
}

/* The bound on the text holds for the most and the longest sites. */
static void test_largest(void **state)
{
	char name[SCORE_SITE_NAME];
	(void)state;
	memset(name, '\\', sizeof(name));
	for (int i = 1; i < SCORE_SITES; i++) {
		int len = snprintf(name, sizeof(name), "%d", i);
		name[len] = '\\';
		assert_int_equal(score_site_add(slice_of(name, sizeof(name))), OK);
	}
	for (int i = 0; i < SCORE_SITES; i++)
		for (int p = 0; p < SCORE_PROTOCOLS; p++)
			for (int c = 0; c < SCORE_STATUS_CLASSES; c++)
				score_self()->sites[i].requests[p][c] = UINT64_MAX;
	ask(NULL);
	assert_true(answer.content.len > 1000000);
	end();
}

static void test_master(void **state)
{
	(void)state;
	struct score_master *m = score_master();
	m->restarts = 2;
	m->reloads[1] = 5;
	m->reloads[0] = 1;
	m->reload_failed = 1;
	m->reloaded_ms = 1234567;
	m->started_ms = 1000;
	score_self()->sandbox = SANDBOX_SECCOMP;
	ask(NULL);
	assert_line("httpd_worker_restarts_total 2");
	assert_line("httpd_reloads_total{result=\"ok\"} 5");
	assert_line("httpd_reloads_total{result=\"failed\"} 1");
	assert_line("httpd_config_last_reload_successful 0");
	assert_line("httpd_config_last_reload_success_timestamp_seconds 1234.567");
	assert_line("httpd_start_time_seconds 1.000");
	assert_line("httpd_sandbox{part=\"landlock\"} 0");
	assert_line("httpd_sandbox{part=\"seccomp\"} 1");
	assert_line("httpd_workers{state=\"ready\"} 1");
	end();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_formats),
		TEST(test_labels),
		TEST(test_histogram),
		TEST(test_other),
		TEST(test_largest),
		TEST(test_master),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
