/* routes_test.c - groups of routes: what they hand down, how they read back, and what is wrong with
 * them; and routes that many others stand before. */
#include "config/route.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char nested[] =
    "sites = ( { names = \"example.org\"; burst = 1;\n"                                 /* 1 */
    " routes = (\n"                                                                     /* 2 */
    "  { path = \"/first\"; files = { }; },\n"                                          /* 3 */
    "  { path = \"/api/\"; host = \"*.example.org\"; methods = [ \"GET\", \"PUT\" ];\n" /* 4 */
    "    burst = 2; files = { listing = true; };\n"                                     /* 5 */
    "    routes = (\n"                                                                  /* 6 */
    "     { path = \"/users/:id\"; files = { }; },\n"                                   /* 7 */
    "     { burst = 3; routes = ( { path = \"\"; methods = \"GET\"; files = { }; },\n"  /* 8 */
    "                   { path = \"*.php\"; files = { }; host = \"a.example.org\"; } ); },\n"
    "     { path = \"/:v\"; routes = ( { path = \"~^/x\"; files = { }; } ); }\n" /* 10 */
    "    ); },\n"
    "  { path = \"/*\"; files = { }; }\n" /* 12 */
    " ); } );\n";

static const struct route_settings *route_of(const struct config_scope *scope)
{
	return config_settings(scope, &route_group);
}

static void test_tree(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	struct snapshot *s = support_load(&t, nested);
	assert_string_equal(support_lines(&t), "");
	const struct config_scope *site = s->sites[0];
	static const struct {
		const char *path, *group, *name;
		int line;
		int64_t burst;
	} rows[] = {
		{ "/first", "", "sites[0].routes[0]", 3, 1 },
		{ "/api/users/:id", "/api", "sites[0].routes[1].routes[0]", 7, 2 },
		{ "/api", "/api", "sites[0].routes[1].routes[1].routes[0]", 8, 3 },
		{ "/api*.php", "/api", "sites[0].routes[1].routes[1].routes[1]", 9, 3 },
		{ "/api/:v~^/x", "/api/:v", "sites[0].routes[1].routes[2].routes[0]", 10, 2 },
		{ "/*", "", "sites[0].routes[2]", 12, 1 },
	};
	assert_int_equal(site->route_count, 3);
	assert_int_equal(site->all_route_count, sizeof(rows) / sizeof(*rows));
	for (size_t i = 0; i < site->all_route_count; i++) {
		const struct config_scope *route = site->all_routes[i];
		const struct gate_settings *gate = config_settings(route, &gate_group);
		char name[CONFIG_SCOPE_NAME];
		config_scope_name(route, name);
		assert_string_equal(route_of(route)->path, rows[i].path);
		assert_string_equal(route_of(route)->group_path, rows[i].group);
		assert_string_equal(name, rows[i].name);
		assert_int_equal(route->place.line, rows[i].line);
		assert_int_equal(gate->burst, rows[i].burst);
		assert_ptr_equal(config_scope_site(route), site);
		assert_false(config_scope_gathers(route));
	}
	assert_string_equal(route_of(site->all_routes[1])->host, "*.example.org");
	assert_int_equal(route_of(site->all_routes[1])->methods.count, 2);
	assert_int_equal(route_of(site->all_routes[2])->methods.count, 1);
	assert_string_equal(route_of(site->all_routes[3])->host, "a.example.org");
	assert_null(route_of(site->all_routes[5])->host);
	const struct files_settings *files = config_settings(site->all_routes[1], &files_group);
	assert_true(files->listing);
	assert_true(config_scope_gathers(site->routes[1]));
	assert_null(config_scope_site(s->global));
	support_fini(&t);
}

static void test_dump(void **state)
{
	(void)state;
	struct support t;
	struct buf dump;
	char digest[17];
	support_init(&t);
	assert_non_null(support_load(&t, nested));
	memcpy(digest, t.snapshot->digest, sizeof(digest));
	support_dump(&t, &dump);
	support_expect(&t, dump.data, "");
	buf_fini(&dump);
	assert_string_equal(t.snapshot->digest, digest);
	assert_int_equal(t.snapshot->sites[0]->all_route_count, 6);
	assert_string_equal(route_of(t.snapshot->sites[0]->all_routes[3])->path, "/api*.php");
	support_fini(&t);
}

static const struct {
	const char *routes;
	const char *lines;
} mistakes[] = {
	{ "{ path = \"/a*\"; routes = ( { path = \"/b\"; } ); }",
	    "httpd.conf:1: sites[0].routes[0].path: '/a*': the path of a group of routes has no "
	    "'*' "
	    "(it is what the paths of its routes begin with: \"/api\")\n" },
	{ "{ path = \"~a\"; routes = ( { path = \"/b\"; } ); }",
	    "httpd.conf:1: sites[0].routes[0].path: \"~a\" does not begin with '/', as the path of "
	    "a group of routes does\n" },
	{ "{ path = \"/a\"; routes = ( { files = { }; } ); }",
	    "httpd.conf:1: sites[0].routes[0].routes[0]: 'path' is missing (the paths it answers: "
	    "\"/literal\", \"/:name\", \"/rest*\", \"*.suffix\" or \"~expression\")\n" },
	{ "{ path = \"/\"; routes = ( { path = \"\"; } ); }",
	    "httpd.conf:1: sites[0].routes[0].routes[0].path: \"\" does not begin with '/', '*' or "
	    "'~'\n" },
	{ "{ path = \"/a\"; routes = ( ); }",
	    "httpd.conf:1: routes: the list is empty (leave it out, or give the group routes)\n" },
	{ "{ methods = \"GET\"; routes = ( { path = \"/a\"; methods = [ \"HEAD\", \"PUT\" ]; } ); "
	  "}",
	    "httpd.conf:1: sites[0].routes[0].routes[0].methods: 'PUT' never gets here: it is not "
	    "among the methods of the group around it\n" },
	{ "{ host = \"a.b\"; routes = ( { path = \"/a\"; host = \"b\"; } ); }",
	    "httpd.conf:1: sites[0].routes[0].routes[0].host: 'b' never gets here: the group "
	    "around "
	    "it is for 'a.b' only\n" },
	{ "{ path = \"/a\"; routes = ( { path = \"/b\"; }, { path = \"/b\"; } ); }",
	    "httpd.conf:1: warning: sites[0].routes[0].routes[1].path: '/a/b' is never reached: it "
	    "is "
	    "shadowed by the route '/a/b' at httpd.conf:1\n" },
	{ "{ path = \"/a/*\"; }, { path = \"/a\"; routes = ( { path = \"*.b\"; } ); }",
	    "httpd.conf:1: warning: sites[0].routes[1].routes[0].path: '/a*.b' is never reached: "
	    "it is "
	    "shadowed by the route '/a/*' at httpd.conf:1\n" },
	{ "{ path = \"/:x\"; }, { path = \"/a\"; routes = ( { path = \"*.b\"; } ); }", "" },
	{ "{ path = \"/a\"; routes = ( { path = \"*.b\"; }, { path = \"/x.b\"; } ); }", "" },
	{ "{ path = \"/a\"; routes = ( { path = \"~b\"; }, { path = \"~b\"; } ); }",
	    "httpd.conf:1: warning: sites[0].routes[0].routes[1].path: '/a~b' is never reached: it "
	    "is "
	    "shadowed by the route '/a~b' at httpd.conf:1\n" },
	{ "{ path = \"/a\"; routes = ( { path = \"/b\"; routes = ( { path = \"/c\"; bust = 1; } ); "
	  "} ); }",
	    "httpd.conf:1: unknown key 'bust' in routes[0] (did you mean 'burst'?)\n" },
};

static void test_mistakes(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		char text[512];
		snprintf(
		    text, sizeof(text), "sites = ( { routes = ( %s ); } );", mistakes[i].routes);
		support_expect(&t, text, mistakes[i].lines);
	}
	support_fini(&t);
}

static void test_depth(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	for (int depth = 8; depth <= 9; depth++) {
		char text[1024] = "sites = ( { ";
		for (int i = 0; i < depth; i++)
			strcat(text, "routes = ( { path = \"/a\"; ");
		strcat(text, "routes = ( { path = \"/b\"; } ); ");
		for (int i = 0; i < depth; i++)
			strcat(text, "} ); ");
		strcat(text, "} );");
		support_load(&t, text);
		assert_int_equal(t.snapshot != NULL, depth == 8);
		assert_int_equal(
		    strstr(support_lines(&t), "nested more than 8 deep") != NULL, depth == 9);
	}
	support_fini(&t);
}

/* Of many routes each is compared with few: this would take minutes otherwise. */
static void test_many(void **state)
{
	enum { MANY = 20000 };
	(void)state;
	struct support t;
	struct buf text;
	support_init(&t);
	buf_init(&text, 8 << 20);
	assert_int_equal(buf_append(&text, SLICE("sites = ( { routes = (\n")), OK);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(
		    buf_printf(&text, "{ path = \"/r%d/%s\"; },\n", i / 2, i % 2 ? ":id" : "x"),
		    OK);
	assert_int_equal(
	    buf_append(&text, SLICE("{ path = \"/r77/x\"; }, { path = \"/r78/y\"; } ); } );")), OK);
	support_expect(&t, text.data,
	    "httpd.conf:20002: warning: sites[0].routes[20000].path: '/r77/x' is never reached: it "
	    "is "
	    "shadowed by the route '/r77/x' at httpd.conf:156\n"
	    "httpd.conf:20002: warning: sites[0].routes[20001].path: '/r78/y' is never reached: it "
	    "is "
	    "shadowed by the route '/r78/:id' at httpd.conf:159\n");
	buf_fini(&text);
	support_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
