/*
 * access_log_test.c - a line a request, in each format, whatever the peer sent.
 */
#include "middleware/access_log.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "app/logfile.h"
#include "config/core.h"
#include "handler/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const struct handler *const handlers[] = { &files_handler, NULL };
static const struct middleware *const middleware[] = { &access_log_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static char text[65536];

/* One request's line under this format. */
static const char *line_of(const char *format, const char *path)
{
	static unsigned files;
	struct fake_worker w;
	struct fake_request f;
	char config[512], name[16];
	fake_worker_init(&w, &modules, false);
	fake_file(&w, "a", "hello");
	snprintf(name, sizeof(name), "log%u", files++);
	snprintf(config, sizeof(config),
	    "log = { access = \"@/%s\"; %s }; sites = ( { root = \"@\"; } );", name, format);
	fake_worker_config(&w, config);
	fake_request_init(&f, w.sites, path);
	fake_request_field(&f, "Referer", "http://example.org/\"><x>");
	fake_request_field(&f, "User-Agent", "Test\\1.0 \x1b[2J\xc3\xa4\xff");
	fake_request_start(&f);
	f.r.content_sent = f.content.len;
	fake_request_fini(&f);
	logfile_flush();
	int fd = open(fake_path(&w, name), O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	text[n] = '\0';
	close(fd);
	fake_worker_fini(&w);
	assert_int_equal(text[n - 1], '\n');
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
	return text;
}

/* Compares but for what stands between "[" and "]": the time. */
static void expect(const char *line, const char *before, const char *behind)
{
	const char *open = strchr(line, '['), *close = strstr(line, "] ");
	assert_non_null(open);
	assert_non_null(close);
	assert_int_equal(close - open, 27);
	assert_true(slice_eq(slice_of(line, (size_t)(open - line)), slice_str(before)));
	assert_string_equal(close + 2, behind);
}

static void test_common(void **state)
{
	(void)state;
	expect(line_of("format = \"common\";", "/a?b=c"), "192.0.2.1 - - ",
	    "\"GET /a?b=c HTTP/1.1\" 200 5\n");
}

static void test_combined(void **state)
{
	(void)state;
	expect(line_of("", "/a"), "192.0.2.1 - - ",
	    "\"GET /a HTTP/1.1\" 200 5 \"http://example.org/\\x22><x>\" "
	    "\"Test\\x5c1.0 \\x1b[2J\\xc3\\xa4\\xff\"\n");
	expect(line_of("format = \"combined\";", "/\"\n192.0.2.9 - -"), "192.0.2.1 - - ",
	    "\"GET /\\x22\\x0a192.0.2.9 - - HTTP/1.1\" 404 370 \"http://example.org/\\x22><x>\" "
	    "\"Test\\x5c1.0 \\x1b[2J\\xc3\\xa4\\xff\"\n");
}

static void test_json(void **state)
{
	(void)state;
	const char *line = line_of("format = \"json\";", "/a");
	assert_non_null(
	    strstr(line, "\"method\":\"GET\",\"target\":\"/a\",\"protocol\":\"HTTP/1.1\","
			 "\"status\":200,\"bytes\":5,\"duration_ms\":"));
	assert_non_null(strstr(line, "\"referer\":\"http://example.org/\\\"><x>\""));
	assert_non_null(
	    strstr(line, "\"user_agent\":\"Test\\\\1.0 \\u001b[2J\xc3\xa4\xef\xbf\xbd\"}\n"));
	assert_true(slice_starts(slice_str(line), SLICE("{\"time\":\"20")));
}

static void test_template(void **state)
{
	(void)state;
	assert_string_equal(line_of("format = \"${status} ${site} ${route} <${http_x}> $\";", "/a"),
	    "200 default /* <-> $\n");
}

static void test_long(void **state)
{
	static char path[60000];
	(void)state;
	memset(path, '\x01', sizeof(path) - 1);
	path[0] = '/';
	const char *line = line_of("format = \"${target} end\";", path);
	assert_in_range(strlen(line), 32000, 33000);
	assert_string_equal(line + strlen(line) - 4, "...\n");
}

/* A template between braces is JSON. */
static void test_own_json(void **state)
{
	(void)state;
	assert_string_equal(
	    line_of("format = \"{\\\"s\\\":${status},\\\"r\\\":\\\"${http_referer}\\\","
		    "\\\"u\\\":\\\"${user}\\\"}\";",
		"/a"),
	    "{\"s\":200,\"r\":\"http://example.org/\\\"><x>\",\"u\":\"\"}\n");
}

/* What is cut would be no JSON. */
static void test_long_json(void **state)
{
	static char path[60000];
	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	const char *line = line_of("format = \"json\";", path);
	assert_true(slice_starts(slice_str(line), SLICE("{\"time\":\"20")));
	assert_true(slice_ends(slice_str(line), SLICE(",\"truncated\":true}\n")));
	assert_non_null(strstr(line, "\"remote_addr\":\"192.0.2.1\",\"request_id\":\""));
	assert_null(strstr(line, "aaaa"));
}

/* How many lines three requests leave under these settings. */
static unsigned lines_of(const char *settings)
{
	static const char *const paths[] = { "/a", "/static/b.css", "/none" };
	struct fake_worker w;
	char config[512];
	unsigned lines = 0;
	fake_worker_init(&w, &modules, false);
	fake_file(&w, "a", "hello");
	fake_file(&w, "static/b.css", "hello");
	static unsigned files;
	snprintf(config, sizeof(config),
	    "sites = ( { root = \"@\"; log = { access = \"@/skip%u\"; %s }; } );", files++,
	    settings);
	fake_worker_config(&w, config);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct fake_request f;
		fake_request_init(&f, w.sites, paths[i]);
		fake_request_start(&f);
		fake_request_fini(&f);
	}
	logfile_flush();
	char name[16];
	snprintf(name, sizeof(name), "skip%u", files - 1);
	int fd = open(fake_path(&w, name), O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	fake_worker_fini(&w);
	return lines;
}

static void test_skip(void **state)
{
	(void)state;
	assert_int_equal(lines_of(""), 3);
	assert_int_equal(lines_of("skip = \"/a\";"), 2);
	assert_int_equal(lines_of("skip = [ \"/a\", \"/static/*\" ];"), 1);
	assert_int_equal(lines_of("skip = [ \"*.css\", \"/b\", \"/a/\" ];"), 2);
	assert_int_equal(lines_of("skip = \"/*\";"), 0);
	assert_int_equal(lines_of("skip_status = [ 404, 304 ];"), 2);
	assert_int_equal(lines_of("skip_status = 200; skip = \"/none\";"), 0);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *config;
		const char *says;
	} rows[] = {
		{ "log = { skip = \"static\"; };", "log.skip: 'static' is no path" },
		{ "log = { skip = [ \"/a\", \"/a*b\" ]; };", "log.skip: '/a*b' is no path" },
		{ "log = { skip = \"*a*\"; };", "log.skip: '*a*' is no path" },
		{ "log = { skip_status = 99; };", "log.skip_status: 99 is out of range" },
		{ "log = { access = \"syslog\"; };", "log.access: 'syslog' has no directory" },
		{ "log = { access = \"@/none/access\"; };", "/none': No such file or directory" },
		{ "log = { format = \"${nobody}\"; };", "unknown variable in '${nobody}'" },
		{ "log = { format = \"${requestid}\"; };", "did you mean ${request_id}?" },
		{ "log = { format = \"jsonn\"; };", "'jsonn' is neither" },
		{ "log = { level = \"debug\"; };", "log.level: can be set at the top level only" },
		{ "log = { error = \"-\"; };", "log.error: can be set at the top level only" },
	};
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char config[256];
		snprintf(
		    config, sizeof(config), "sites = ( { root = \"@\";\n%s } );", rows[i].config);
		const char *got = fake_worker_mistakes(&w, config);
		if (!strstr(got, rows[i].says) || !strstr(got, ".conf:2: "))
			fail_msg("%s: '%s'", rows[i].config, got);
	}
	fake_worker_fini(&w);
}

static void test_off(void **state)
{
	struct fake_worker w;
	struct fake_request f;
	(void)state;
	fake_worker_init(&w, &modules, false);
	fake_worker_config(&w, "log = { access = \"off\"; }; sites = ( { root = \"@\"; } );");
	fake_request_init(&f, w.sites, "/none");
	fake_request_start(&f);
	assert_int_equal(exchange_of(&f.r)->route->step_count, 0); /* it costs nothing */
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_common),
		cmocka_unit_test(test_combined),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_own_json),
		cmocka_unit_test(test_long_json),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
