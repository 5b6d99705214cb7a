/* load_test.c - defaults without a file, the environment, the command line, and who comes before
 * whom. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct listen_settings *listen_of(const struct snapshot *s, size_t i)
{
	return config_settings(s->listens[i], &listen_group);
}

static const struct site_settings *site_of(const struct snapshot *s, size_t i)
{
	return config_settings(s->sites[i], &site_group);
}

static void test_without_file(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	struct snapshot *s = support_load(&t, NULL);
	assert_non_null(s);
	assert_null(s->file);
	assert_int_equal(s->listen_count, 1);
	assert_string_equal(listen_of(s, 0)->address, "*");
	assert_int_equal(listen_of(s, 0)->port, 8080);
	assert_string_equal(listen_of(s, 0)->protocol, "http");
	assert_int_equal(s->site_count, 1);
	assert_string_equal(site_of(s, 0)->root, ".");
	assert_int_equal(site_of(s, 0)->names.count, 0);
	const struct files_settings *files = config_settings(s->sites[0], &files_group);
	assert_true(files->listing);
	assert_int_equal(s->sites[0]->route_count, 0);
	assert_int_equal(core_settings(s)->workers, 0);
	assert_null(core_settings(s)->user);
	assert_null(core_settings(s)->control);
	assert_null(core_settings(s)->pid_file);
	const struct timeouts_settings *timeouts = config_settings(s->global, &timeouts_group);
	assert_int_equal(timeouts->idle, 60000);
	assert_true(timeouts->adaptive);
	const struct limits_settings *limits = config_settings(s->global, &limits_group);
	assert_int_equal(limits->connections, 10000);
	assert_int_equal(limits->header_size, 32768);
	assert_int_equal(limits->body, 10 << 20);
	const struct log_settings *log = config_settings(s->global, &log_group);
	assert_string_equal(log->access, "-");
	assert_string_equal(log->format, "combined");
	assert_int_equal(strlen(s->digest), 16);
	support_fini(&t);
}

static void test_directory(void **state)
{
	(void)state;
	struct support t;
	char *environment[] = { "HTTPD_ROOT=/env", "HTTPD_PORT=8100", NULL };
	support_init(&t);
	t.request.environ_list = environment;
	struct snapshot *s = support_load(&t, NULL);
	assert_string_equal(site_of(s, 0)->root, "/env");
	assert_int_equal(listen_of(s, 0)->port, 8100);
	assert_string_equal(config_place(s->sites[0], &site_group, "root").source, "environment");
	t.request.directory = "/dir";
	s = support_load(&t, NULL);
	assert_string_equal(site_of(s, 0)->root, "/dir");
	assert_string_equal(config_place(s->sites[0], &site_group, "root").source, "command line");
	support_fini(&t);
}

static void test_precedence(void **state)
{
	(void)state;
	static const char file[] =
	    "workers = 2; log = { level = \"error\"; access = \"/f\"; };\n"
	    "timeouts = { idle = 5; drain = 7; };\n"
	    "listen = ( { address = \"unix:/x\"; }, { port = 80; }, { port = 81; } );";
	const struct config_override overrides[] = {
		{ "workers", "4", "--workers" },
		{ "log.level", "debug", "--log-level" },
		{ "port", "9000", "--port" },
	};
	char *environment[] = { "PATH=/bin", "HTTPD_WORKERS=3", "HTTPD_LOG_LEVEL=info",
		"HTTPD_TIMEOUTS_IDLE=9s", "HTTPD_PORT=8100", "HTTPD_USER=", "HTTPD_=", "HTTPDX=1",
		"HTTPD_LIMITS_BODY=1G", "HTTPD_TIMEOUTS_ADAPTIVE=false", NULL };
	struct support t;
	support_init(&t);
	struct snapshot *s = support_load(&t, file);
	assert_int_equal(core_settings(s)->workers, 2);
	t.request.environ_list = environment;
	s = support_load(&t, file);
	assert_string_equal(support_lines(&t), "");
	const struct timeouts_settings *timeouts = config_settings(s->global, &timeouts_group);
	const struct log_settings *log = config_settings(s->global, &log_group);
	assert_int_equal(core_settings(s)->workers, 3);
	assert_null(core_settings(s)->user);
	assert_int_equal(timeouts->idle, 9000);
	assert_int_equal(timeouts->drain, 7000);
	assert_false(timeouts->adaptive);
	assert_int_equal(log->level, 3);
	assert_int_equal(listen_of(s, 0)->port, 8080); /* a unix socket: has none */
	assert_int_equal(listen_of(s, 1)->port, 8100);
	assert_int_equal(listen_of(s, 2)->port, 81);
	assert_true(config_given(s->global, &limits_group, "body"));
	t.request.overrides = overrides;
	t.request.override_count = 3;
	s = support_load(&t, file);
	log = config_settings(s->global, &log_group);
	assert_int_equal(core_settings(s)->workers, 4);
	assert_int_equal(log->level, 4);
	assert_string_equal(log->access, "/f");
	assert_int_equal(listen_of(s, 1)->port, 9000);
	assert_string_equal(config_place(s->global, &core_group, "workers").source, "command line");
	assert_string_equal(config_place(s->global, &limits_group, "body").source, "environment");
	support_fini(&t);
}

static void test_inherited_from_outside(void **state)
{
	(void)state;
	struct support t;
	char *environment[] = { "HTTPD_ALL_NUMBER=42", NULL };
	support_init(&t);
	t.request.environ_list = environment;
	struct snapshot *s =
	    support_load(&t, "all = { number = 1; };\nsites = ( { names = \"a\"; }, { "
			     "names = \"b\"; all = { number = 2; }; } );");
	const struct all_settings *a = config_settings(s->sites[0], &all_group);
	const struct all_settings *b = config_settings(s->sites[1], &all_group);
	assert_int_equal(a->number, 42);
	assert_int_equal(b->number, 2);
	support_fini(&t);
}

static void test_outside_mistakes(void **state)
{
	(void)state;
	const struct config_override overrides[] = {
		{ "port", "http", "--port" },
		{ "log.level", "loud", "--log-level" },
	};
	char *environment[] = { "HTTPD_WORKERS=many", "HTTPD_LOG_LEVL=info",
		"HTTPD_NOTHING_LIKE_IT=1", "HTTPD_TIMEOUTS_IDLE=soon", "HTTPD_ROOT=/x", NULL };
	struct support t;
	support_init(&t);
	t.request.environ_list = environment;
	t.request.overrides = overrides;
	t.request.override_count = 2;
	support_expect(&t, "usr = 1; sites = ( { names = \"a\"; } );",
	    "httpd.conf:1: unknown key 'usr' at the top level (did you mean 'user'?)\n"
	    "environment: HTTPD_WORKERS: \"many\" is not a whole number\n"
	    "environment: warning: unknown setting 'HTTPD_LOG_LEVL' (did you mean "
	    "'HTTPD_LOG_LEVEL'?)\n"
	    "environment: warning: unknown setting 'HTTPD_NOTHING_LIKE_IT'\n"
	    "environment: HTTPD_TIMEOUTS_IDLE: \"soon\" is not a duration (expected \"30s\", "
	    "\"5m\", "
	    "\"250ms\" or seconds)\n"
	    "command line: --log-level: \"loud\" is not one of \"error\", \"warning\", \"notice\", "
	    "\"info\", \"debug\"\n"
	    "command line: --port: \"http\" is not a whole number\n"
	    "environment: warning: HTTPD_ROOT: without effect, the file has sites of its own\n");
	support_fini(&t);
}

static void test_port_without_place(void **state)
{
	(void)state;
	const struct config_override overrides[] = { { "port", "81", "--port" } };
	struct support t;
	support_init(&t);
	t.request.overrides = overrides;
	t.request.override_count = 1;
	support_expect(&t, "listen = ( { address = \"unix:/x\"; } );",
	    "command line: warning: --port: no listen entry has a port\n");
	assert_non_null(t.snapshot);
	support_expect(&t, "listen = ( { port = 80; }, { port = 81; } );",
	    "httpd.conf:1: listen[1]: \"*\" port 81 is taken by the entry at httpd.conf:1\n");
	support_fini(&t);
}

static void test_partial_files(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	struct snapshot *s = support_load(&t, "listen = ( { port = 80; } );");
	assert_int_equal(listen_of(s, 0)->port, 80);
	assert_string_equal(site_of(s, 0)->root, ".");
	s = support_load(&t, "sites = ( { root = \"/x\"; } );");
	assert_int_equal(listen_of(s, 0)->port, 8080);
	const struct files_settings *files = config_settings(s->sites[0], &files_group);
	assert_false(files->listing);
	support_fini(&t);
}

struct seen {
	unsigned calls;
	bool mistaken;
};

static void on_check(void *ctx, const struct snapshot *s, struct config_report *report)
{
	struct seen *seen = ctx;
	seen->calls++;
	seen->mistaken = config_mistaken(s->global, &core_group, "workers");
	report_mistake(report, s->sites[0]->place, "from above");
}

static void test_check_from_above(void **state)
{
	(void)state;
	struct support t;
	struct seen seen = { 0 };
	support_init(&t);
	t.request.check = on_check;
	t.request.check_ctx = &seen;
	support_expect(
	    &t, "workers = 1;\nsites = ( { root = \".\"; } );", "httpd.conf:2: from above\n");
	assert_false(seen.mistaken);
	support_expect(&t, "workers = -1;\nsites = ( { root = \".\"; } );",
	    "httpd.conf:1: workers: -1 is out of range (0 to 128)\nhttpd.conf:2: from above\n");
	assert_true(seen.mistaken);
	support_expect(&t, "workers = {;\nsites = ( { root = \".\"; } );",
	    "httpd.conf:1: expected a key, found ';'\n"
	    "httpd.conf:1: the '{' that stands here is not closed ('}' is missing)\n");
	assert_int_equal(seen.calls, 2);
	support_fini(&t);
}

static void test_names_are_folded(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	struct snapshot *s = support_load(&t,
	    "sites = ( { names = [ \"Example.ORG.\", \"*.Example.org\" ]; root = \"/A\";\n"
	    "routes = ( { path = \"/A\"; host = \"WWW.Example.org.\"; } ); } );");
	assert_non_null(s);
	assert_string_equal(site_of(s, 0)->names.list[0], "example.org");
	assert_string_equal(site_of(s, 0)->names.list[1], "*.example.org");
	assert_string_equal(site_of(s, 0)->root, "/A");
	const struct route_settings *route = config_settings(s->sites[0]->routes[0], &route_group);
	assert_string_equal(route->host, "www.example.org");
	assert_string_equal(route->path, "/A");
	support_fini(&t);
}

static void test_references(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	struct snapshot *s = snapshot_ref(support_load(&t, "workers = 3;"));
	assert_non_null(support_load(&t, "workers = 4;"));
	assert_int_equal(core_settings(s)->workers, 3);
	assert_int_equal(s->refs, 1);
	snapshot_unref(&s);
	assert_null(s);
	snapshot_unref(&s);
	support_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_file),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_inherited_from_outside),
		cmocka_unit_test(test_outside_mistakes),
		cmocka_unit_test(test_port_without_place),
		cmocka_unit_test(test_partial_files),
		cmocka_unit_test(test_check_from_above),
		cmocka_unit_test(test_names_are_folded),
		cmocka_unit_test(test_references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
