/* reader_test.c - what a file's settings become, and every kind of mistake in them. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void test_many_mistakes(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	support_expect(&t,
	    "usr = \"www-data\";\n"                            /* 1 */
	    "workers = 1000;\n"                                /* 2 */
	    "listen = (\n"                                     /* 3 */
	    "    { port = 80; },\n"                            /* 4 */
	    "    { port = \"x\"; adress = \"::1\"; },\n"       /* 5 */
	    "    { address = \"127.0.0.1:80\"; },\n"           /* 6 */
	    "    { port = 80; address = \"0.0.0.0\"; }\n"      /* 7 */
	    ");\n"                                             /* 8 */
	    "limits = { connections = 0; body = \"10X\"; };\n" /* 9 */
	    "timeouts = {\n"                                   /* 10 */
	    "    idle = \"soon\";\n"                           /* 11 */
	    "    adaptive = \"yes\";\n"                        /* 12 */
	    "    level = \"info\";\n"                          /* 13 */
	    "};\n"                                             /* 14 */
	    "log = { level = \"loud\"; format = \"combind\"; access = \"syslog:locl1\"; error = "
	    "\"off\"; };\n"
	    "root = \"/srv\";\n"                                            /* 16 */
	    "workers = 2;\n"                                                /* 17 */
	    "sites = (\n"                                                   /* 18 */
	    "    { names = [ \"a.example.org\", \"b..c\" ];\n"              /* 19 */
	    "      rot = \"/x\";\n"                                         /* 20 */
	    "      routes = (\n"                                            /* 21 */
	    "          { path = \"/*\"; },\n"                               /* 22 */
	    "          { path = \"/x/y\"; },\n"                             /* 23 */
	    "          { files = { indx = \"a\"; }; },\n"                   /* 24 */
	    "          { path = \"x\"; methods = [ ]; host = \"a:80\"; }\n" /* 25 */
	    "      ); },\n"                                                 /* 26 */
	    "    { names = \"A.Example.org.\"; root = 5; tls = { }; },\n"   /* 27 */
	    "    \"str\",\n"                                                /* 28 */
	    "    { },\n"                                                    /* 29 */
	    "    { routes = { }; burst = 101; }\n"                          /* 30 */
	    ");\n"
	    "@include \"none.conf\"\n",
	    "httpd.conf:1: unknown key 'usr' at the top level (did you mean 'user'?)\n"
	    "httpd.conf:2: workers: 1000 is out of range (0 to 128)\n"
	    "httpd.conf:5: listen[1].port: \"x\" is not a whole number (expected a number without "
	    "quotes)\n"
	    "httpd.conf:5: unknown key 'adress' in listen[1] (did you mean 'address'?)\n"
	    "httpd.conf:6: listen[2].address: \"127.0.0.1:80\": the port is a key of its own (port "
	    "= "
	    "80;)\n"
	    "httpd.conf:7: listen[3]: \"0.0.0.0\" port 80 is taken by the entry at httpd.conf:4\n"
	    "httpd.conf:9: limits.connections: 0 is out of range (1 to 1000000)\n"
	    "httpd.conf:9: limits.body: \"10X\" is not a size (expected \"16k\", \"10M\", \"1G\" "
	    "or "
	    "bytes)\n"
	    "httpd.conf:11: timeouts.idle: \"soon\" is not a duration (expected \"30s\", \"5m\", "
	    "\"250ms\" or seconds)\n"
	    "httpd.conf:12: timeouts.adaptive: \"yes\" is not a truth value (expected true or "
	    "false)\n"
	    "httpd.conf:13: unknown key 'level' in timeouts ('level' belongs in log)\n"
	    "httpd.conf:15: log.level: \"loud\" is not one of \"error\", \"warning\", \"notice\", "
	    "\"info\", \"debug\"\n"
	    "httpd.conf:15: log.access: no syslog facility 'locl1' (did you mean "
	    "\"syslog:local1\"?)\n"
	    "httpd.conf:15: log.error: can not be off (raise log.level instead)\n"
	    "httpd.conf:15: log.format: 'combind' is neither \"common\", \"combined\", \"json\" "
	    "nor a "
	    "template with ${variables}\n"
	    "httpd.conf:16: unknown key 'root' at the top level ('root' belongs in a site)\n"
	    "httpd.conf:17: 'workers' is given twice (first at httpd.conf:2)\n"
	    "httpd.conf:19: sites[0].names: 'b..c': an empty part between dots\n"
	    "httpd.conf:20: unknown key 'rot' in sites[0] (did you mean 'root'?)\n"
	    "httpd.conf:23: warning: sites[0].routes[1].path: '/x/y' is never reached: it is "
	    "shadowed by "
	    "the "
	    "route '/*' at httpd.conf:22\n"
	    "httpd.conf:24: unknown key 'indx' in files (did you mean 'index'?)\n"
	    "httpd.conf:24: sites[0].routes[2]: 'path' is missing (the paths it answers: "
	    "\"/literal\", \"/:name\", \"/rest*\", \"*.suffix\" or \"~expression\")\n"
	    "httpd.conf:25: sites[0].routes[3].path: \"x\" does not begin with '/', '*' or '~'\n"
	    "httpd.conf:25: sites[0].routes[3].host: 'a:80': a port does not belong here\n"
	    "httpd.conf:25: sites[0].routes[3].methods: an empty list matches nothing (leave it "
	    "out for "
	    "all methods)\n"
	    "httpd.conf:27: sites[1].root: 5 is not a string (expected text in quotes)\n"
	    "httpd.conf:27: unknown key 'tls' in sites[1] ('tls' belongs in a listen entry)\n"
	    "httpd.conf:27: sites[1].names: 'a.example.org' is the name of another site, see "
	    "httpd.conf:19\n"
	    "httpd.conf:28: sites[2]: \"str\" is not a group (expected { key = value; })\n"
	    "httpd.conf:30: sites[4].burst: 101 is out of range (1 to 100)\n"
	    "httpd.conf:30: sites[4].routes: a group is not a list of groups (expected ( { ... }, "
	    "{ ... "
	    "} ))\n"
	    "httpd.conf:30: sites[4]: no names, but the default site is the one at httpd.conf:29 "
	    "(give "
	    "'names' to one of them)\n"
	    "httpd.conf:32: cannot read 'none.conf': No such file or directory\n");
	support_fini(&t);
}

static const struct {
	const char *text;
	const char *lines;
} kinds[] = {
	{ "listen = { };",
	    "httpd.conf:1: listen: a group is not a list of groups (expected ( { ... }, { "
	    "... } ))\n" },
	{ "listen = 80;",
	    "httpd.conf:1: listen: 80 is not a list of groups (expected ( { ... }, { ... } "
	    "))\n" },
	{ "listen = ( );",
	    "httpd.conf:1: listen: the list is empty (leave it out for the default)\n" },
	{ "sites = ( );",
	    "httpd.conf:1: sites: the list is empty (leave it out for the default)\n" },
	{ "sites = \"x\";",
	    "httpd.conf:1: sites: \"x\" is not a list of groups (expected ( { ... }, { "
	    "... } ))\n" },
	{ "sites = ( ( ) );",
	    "httpd.conf:1: sites[0]: a list is not a group (expected { key = value; "
	    "})\n" },
	{ "limits = ( );",
	    "httpd.conf:1: limits: a list is not a group (expected { key = value; })\n" },
	{ "limits = true;",
	    "httpd.conf:1: limits: true is not a group (expected { key = value; })\n" },
	{ "log = ( { level = \"info\"; } );",
	    "httpd.conf:1: log: a list is not a group (expected { key = value; })\n" },
	{ "routes = ( );",
	    "httpd.conf:1: unknown key 'routes' at the top level ('routes' belongs in a "
	    "site or in a route)\n" },
	{ "path = 1;", "httpd.conf:1: unknown key 'path' at the top level ('path' belongs in a "
		       "route)\n" },
	{ "files = { };",
	    "httpd.conf:1: unknown key 'files' at the top level ('files' belongs in a site "
	    "or in a route)\n" },
	{ "sites = ( { workers = 1; } );", "httpd.conf:1: unknown key 'workers' in sites[0] "
					   "('workers' belongs at the top level)\n" },
	{ "sites = ( { limits = { body = 1; uri = 2; };\n"
	  "routes = ( { path = \"/\"; timeouts = { idle = 1; send = 2; }; } ); } );",
	    "httpd.conf:1: sites[0].limits.uri: can be set at the top level only\n"
	    "httpd.conf:2: sites[0].routes[0].timeouts.idle: can be set at the top level only\n" },
	{ "sites = ( { port = 80; } );",
	    "httpd.conf:1: unknown key 'port' in sites[0] ('port' belongs in a listen entry)\n" },
	{ "sites = ( { routes = ( { path = \"/\"; routes = ( ); } ); } );",
	    "httpd.conf:1: routes: the list is empty (leave it out, or give the group "
	    "routes)\n" },
	{ "sites = ( { routes = ( { pth = \"/\"; } ); } );",
	    "httpd.conf:1: unknown key 'pth' in routes[0] (did you mean 'path'?)\n" },
	{ "all = { inner = { }; };",
	    "httpd.conf:1: all.inner: 'path' is missing (where to ask)\n" },
	{ "all = { inner = { paht = \"/\"; interval = 100; }; };",
	    "httpd.conf:1: unknown key 'paht' in inner (did you mean 'path'?)\n"
	    "httpd.conf:1: all.inner.interval: 100 is out of range (1s to 1m)\n" },
	{ "all = { many = ( { path = \"/\"; },\n{ active = false; },\n5,\n[ ] ); };",
	    "httpd.conf:2: all.many[1]: 'path' is missing (where to ask)\n"
	    "httpd.conf:3: all.many[2]: 5 is not a string (expected text in quotes), or { key = "
	    "value; }\n"
	    "httpd.conf:4: all.many[3]: an array is not a group (expected { key = value; })\n" },
	{ "all = 5;", "httpd.conf:1: all: 5 is not a truth value (expected true or false), or { "
		      "key = value; }\n" },
	{ "sites = ( { allow = [ \"a\", \"b\", \"c\" ]; } );",
	    "httpd.conf:1: allow: 3 are too many\n" },
	{ "pid_file = \"\"; user = \"\";",
	    "httpd.conf:1: user: \"\" is no value (leave the key out)\n"
	    "httpd.conf:1: pid_file: \"\" is no value (leave the key out)\n" },
};

static void test_kinds(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		support_expect(&t, kinds[i].text, kinds[i].lines);
	support_fini(&t);
}

static const struct all_settings *all_of(const struct config_scope *scope)
{
	return config_settings(scope, &all_group);
}

static void test_nested(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	struct snapshot *s = support_load(&t, "all = { inner = { path = \"/a\"; };\n"
					      "  many = ( { path = \"/b\"; interval = 10; },\n "
					      "\"/c\", { path = \"/d\"; active = false; } ); };");
	assert_non_null(s);
	const struct all_settings *all = all_of(s->global);
	assert_string_equal(all->inner.path, "/a");
	assert_int_equal(all->inner.interval, 5000);
	assert_true(all->inner.active);
	assert_int_equal(all->many.count, 3);
	const struct all_inner *many = all->many.list;
	assert_string_equal(many[0].path, "/b");
	assert_int_equal(many[0].interval, 10000);
	assert_string_equal(many[1].path, "/c"); /* shorthand */
	assert_true(many[1].active);
	assert_int_equal(many[1].interval, 5000);
	assert_false(many[2].active);
	assert_int_equal(all->many.places[0].line, 2);
	assert_int_equal(all->many.places[2].line, 3);
	support_fini(&t);
}

static void test_inheritance(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	struct snapshot *s = support_load(&t,
	    "all = { number = 1; text = \"global\"; inner = { path = \"/g\"; interval = 2; }; };\n"
	    "sites = (\n"
	    "  { names = \"a\"; burst = 9;\n"
	    "    all = { number = 2; inner = { path = \"/s\"; }; };\n"
	    "    files = { listing = true; };\n"
	    "    routes = (\n"
	    "      { path = \"/x\"; all = { text = \"route\"; }; burst = 10; },\n"
	    "      { path = \"/y\"; files = { index = [ \"i\", \"j\" ]; }; all = true; }\n"
	    "    ); },\n"
	    "  { names = \"b\"; root = \"/b\"; routes = ( { path = \"/\"; } ); }\n"
	    ");");
	assert_non_null(s);
	const struct config_scope *a = s->sites[0], *b = s->sites[1];
	const struct config_scope *x = a->routes[0], *y = a->routes[1];
	assert_int_equal(all_of(a)->number, 2);
	assert_string_equal(all_of(a)->text, "global");
	assert_string_equal(all_of(a)->inner.path, "/s");
	assert_int_equal(all_of(a)->inner.interval, 2000);
	assert_int_equal(all_of(x)->number, 2);
	assert_string_equal(all_of(x)->text, "route");
	assert_string_equal(all_of(x)->inner.path, "/s");
	assert_true(all_of(y)->truth);
	assert_false(all_of(a)->truth);
	assert_int_equal(all_of(b)->number, 1);
	assert_ptr_equal(all_of(b), all_of(s->global)); /* nothing of its own: shared */
	assert_ptr_equal(all_of(b->routes[0]), all_of(s->global));
	const struct files_settings *fy = config_settings(y, &files_group);
	assert_true(fy->listing);
	assert_int_equal(fy->index.count, 2);
	assert_string_equal(fy->index.list[1], "j");
	const struct files_settings *fx = config_settings(x, &files_group);
	assert_int_equal(fx->index.count, 1);
	const struct gate_settings *gx = config_settings(x, &gate_group);
	const struct gate_settings *gy = config_settings(y, &gate_group);
	assert_int_equal(gx->burst, 10);
	assert_int_equal(gy->burst, 9);
	const struct site_settings *root = config_settings(b->routes[0], &site_group);
	assert_string_equal(root->root, "/b"); /* a route sees its site's */
	support_fini(&t);
}

static void test_given_and_places(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	struct snapshot *s =
	    support_load(&t, "all = {\n number = 1; };\n"
			     "sites = ( {\n"
			     "  files = {\n listing = true; };\n"
			     "  routes = ( {\n path = \"/x\";\n files = {\n }; } );\n"
			     "} );");
	assert_non_null(s);
	const struct config_scope *site = s->sites[0], *route = site->routes[0];
	assert_true(config_given(s->global, &all_group, NULL));
	assert_true(config_given(s->global, &all_group, "number"));
	assert_false(config_given(s->global, &all_group, "text"));
	assert_false(config_given(site, &all_group, NULL));
	assert_true(config_given(route, &files_group, NULL));
	assert_false(config_given(route, &files_group, "listing"));
	assert_false(config_given(s->global, &limits_group, NULL));
	assert_false(config_mistaken(s->global, &all_group, NULL));
	assert_int_equal(config_place(s->global, &all_group, "number").line, 2);
	assert_int_equal(config_place(s->global, &all_group, "text").line, 1);
	assert_int_equal(config_place(route, &all_group, "number").line, 2);
	assert_int_equal(config_place(route, &files_group, "listing").line, 5);
	assert_int_equal(config_place(route, &files_group, "index").line, 8);
	assert_int_equal(config_place(route, &files_group, NULL).line, 8);
	assert_int_equal(config_place(route, &route_group, "path").line, 7);
	assert_int_equal(config_place(route, &gate_group, "allow").line, 6);
	assert_int_equal(route->place.line, 6);
	assert_int_equal(config_place(s->global, &limits_group, NULL).line, 0);
	support_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_mistakes),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_given_and_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
