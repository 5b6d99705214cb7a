/* dump_test.c - a dump says everything, where it comes from, and reads back as the same
 * configuration. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const files[] = {
	"",
	"workers = 3; user = \"www\"; pid_file = \"/run/x.pid\";",
	"listen = ( { address = \"unix:/run/x\"; mode = \"0600\"; owner = \"a:b\"; }, { port = 80; "
	"http2 = "
	"false; } );",
	"all = { truth = true; number = 9000000000; ratio = 0.1; text = \"a\\\"b\\\\c\\n\\x01\"; "
	"duration = "
	"\"1500ms\"; size = \"3k\"; choice = \"red\"; mode = \"0007\"; strings = [ ]; ints = [ 100 "
	"]; };",
	"all = { inner = { path = \"/\"; }; many = ( { path = \"/a\"; active = false; }, { path = "
	"\"/b\"; } "
	"); };",
	"all = true;",
	"all = { };",
	"all = { many = ( ); text = \"\"; };",
	"sites = ( { names = [ \"a\", \"*.b\" ]; root = \"/a\"; burst = 7; all = { number = 2; };\n"
	"  routes = ( { path = \"/x\"; methods = [ \"GET\" ]; host = \"h\"; files = { }; allow = "
	"\"1\"; },\n"
	"    { path = \"/y\"; files = { listing = true; }; all = { inner = { path = \"/z\"; }; }; "
	"} ); },\n"
	"  { names = \"c\"; files = { index = [ ]; }; } );",
	"timeouts = { idle = 61; min_rate = 1000; }; limits = { body = 5000000000; };",
};

/* The dump of what was loaded last is loaded in its place. */
static void load_dump(struct support *t)
{
	struct buf dump;
	support_dump(t, &dump);
	support_expect(t, dump.data, "");
	buf_fini(&dump);
}

static void test_round_trip(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char digest[17];
		assert_non_null(support_load(&t, files[i]));
		memcpy(digest, t.snapshot->digest, sizeof(digest));
		load_dump(&t);
		assert_string_equal(t.snapshot->digest, digest);
		load_dump(&t);
		assert_string_equal(t.snapshot->digest, digest);
	}
	support_fini(&t);
}

static void test_round_trip_without_file(void **state)
{
	(void)state;
	struct support t;
	char digest[17];
	char *environment[] = { "HTTPD_WORKERS=3", "HTTPD_PORT=81", "HTTPD_ALL_STRINGS=x,y", NULL };
	support_init(&t);
	t.request.environ_list = environment;
	t.request.directory = "/srv/\"quoted\"";
	assert_non_null(support_load(&t, NULL));
	memcpy(digest, t.snapshot->digest, sizeof(digest));
	t.request.environ_list = NULL;
	t.request.directory = NULL;
	load_dump(&t);
	assert_string_equal(t.snapshot->digest, digest);
	support_fini(&t);
}

/* What is given where is the same after the round trip, too: it can have a meaning. */
static void test_round_trip_of_given(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	support_load(&t,
	    "sites = ( { routes = ( { path = \"/x\"; files = { }; }, { path = \"/y\"; } ); } );");
	load_dump(&t);
	const struct config_scope *site = t.snapshot->sites[0];
	assert_true(config_given(site->routes[0], &files_group, NULL));
	assert_false(config_given(site->routes[1], &files_group, NULL));
	assert_false(config_given(site, &files_group, NULL));
	assert_false(config_given(t.snapshot->global, &all_group, NULL));
	assert_false(config_given(site->routes[0], &gate_group, "burst"));
	support_fini(&t);
}

static void test_comments(void **state)
{
	(void)state;
	struct support t;
	struct buf dump;
	char *environment[] = { "HTTPD_LOG_LEVEL=info", NULL };
	const struct config_override overrides[] = { { "port", "81", "--port" } };
	static const char *const lines[] = {
		"workers = 2; // DIR/httpd.conf:1\n",
		"// user: not set\n// group: not set\n",
		"\tlevel = \"info\"; // environment\n",
		"\tformat = \"combined\"; // default\n",
		"\t\tport = 81; // command line\n",
		"\tidle = \"1m\"; // default\n",
		"\n// all = {\n// \ttruth = false; // default\n",
		"\t\troot = \"/x\"; // DIR/b.conf:2\n",
	};
	support_init(&t);
	support_file(&t, "b.conf", "sites = ( {\n root = \"/x\"; } );\n");
	t.request.environ_list = environment;
	t.request.overrides = overrides;
	t.request.override_count = 1;
	support_load(&t, "workers = 2;\n@include \"b.conf\"\n");
	support_dump(&t, &dump);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[256];
		const char *dir = strstr(lines[i], "DIR");
		if (dir)
			snprintf(line, sizeof(line), "%.*s%s%s", (int)(dir - lines[i]), lines[i],
			    t.dir, dir + 3);
		else
			snprintf(line, sizeof(line), "%s", lines[i]);
		if (!strstr(dump.data, line))
			print_error("without %s:\n%s", line, dump.data);
		assert_non_null(strstr(dump.data, line));
	}
	buf_fini(&dump);
	support_fini(&t);
}

static void test_digest(void **state)
{
	(void)state;
	static const char *const equal[] = { "workers = 2;", "// another\n\nworkers = 2; ",
		"workers = 0x2; limits = { body = \"10240k\"; };" };
	static const char *const others[] = { "workers = 3;", "", "workers = 2; all = { };",
		"workers = 2; timeouts = { idle = 61; };" };
	struct support t;
	char digest[17];
	support_init(&t);
	support_load(&t, equal[0]);
	memcpy(digest, t.snapshot->digest, sizeof(digest));
	for (size_t i = 0; i < sizeof(equal) / sizeof(*equal); i++)
		assert_string_equal(support_load(&t, equal[i])->digest, digest);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_string_not_equal(support_load(&t, others[i])->digest, digest);
	support_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_round_trip_without_file),
		cmocka_unit_test(test_round_trip_of_given),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
