/* check_test.c - host names, paths that cover others, and entries that collide. */
#include "support.h"

#include "config/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
	const char *name;
	bool good;
} names[] = {
	{ "example.org", true },
	{ "localhost", true },
	{ "a-b.c_d.example", true },
	{ "*.example.org", true },
	{ "example.org.", true },
	{ "192.0.2.1", true },
	{ "[2001:db8::1]", true },
	{ "xn--bcher-kva.example", true },
	{ "", false },
	{ ".", false },
	{ "*", false },
	{ "*.", false },
	{ "a.*.b", false },
	{ "a*.b", false },
	{ "*.*.b", false },
	{ "a..b", false },
	{ ".a", false },
	{ "-a.b", false },
	{ "a-.b", false },
	{ "a b", false },
	{ "a:80", false },
	{ "http://a", false },
	{ "a/b", false },
	{ "::1", false },
	{ "[::1]:80", false },
	{ "[::g]", false },
	{ "[::1", false },
	{ "[]", false },
	{ "b\xc3\xbc"
	  "cher.example",
	    false },
};

static void test_host_names(void **state)
{
	(void)state;
	char label[70], name[300] = "";
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *why = check_host_name(names[i].name);
		if ((why == NULL) != names[i].good)
			print_error("'%s': %s\n", names[i].name, why ? why : "taken");
		assert_int_equal(why == NULL, names[i].good);
	}
	memset(label, 'a', 63);
	strcpy(label + 63, ".");
	for (int i = 0; i < 3; i++)
		strcat(name, label);
	strcat(
	    name, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"); /* 253 in all */
	assert_int_equal(strlen(name), 253);
	assert_null(check_host_name(name));
	strcat(name, "b");
	assert_non_null(check_host_name(name));
	strcpy(label + 63, "a");
	assert_non_null(check_host_name(label));
}

static const struct {
	const char *earlier, *later;
	bool covers;
} paths[] = {
	{ "/*", "/", true },
	{ "/*", "/x/:y/*", true },
	{ "/*", "*.php", true },
	{ "/*", "~^/a", true },
	{ "*", "/x", true },
	{ "/a", "/a", true },
	{ "/a", "/a/", false },
	{ "/a", "/b", false },
	{ "/a", "/a*", false },
	{ "/a/*", "/a/b", true },
	{ "/a/*", "/a/b/c*", true },
	{ "/a/*", "/a/:b", true },
	{ "/a/*", "/a/*", true },
	{ "/a/*", "/a", false },
	{ "/a/*", "/ab", false },
	{ "/a/*", "/*", false },
	{ "/a/*", "/:x/b", false },
	{ "/a/*", "*.php", false },
	{ "/ap*", "/api/x", true },
	{ "/ap*", "/ap", true },
	{ "/ap*", "/a", false },
	{ "/ap*", "/:x", false },
	{ "/:x", "/a", true },
	{ "/:x", "/:y", true },
	{ "/:x", "/", false },
	{ "/:x", "/a/b", false },
	{ "/:x", "/a*", false },
	{ "/:x/b", "/a/b", true },
	{ "/:x/b", "/a/c", false },
	{ "/:x/*", "/a/b/c", true },
	{ "/:x/*", "/a", false },
	{ "/:x/b*", "/a/bc", false }, /* not decided */
	{ "/a/b", "/a/:x", false },
	{ "*.php", "/a.php", true },
	{ "*.php", "*.x.php", true },
	{ "*.php", "/a.html", false },
	{ "*.php", "/:x.php", false },
	{ "*.php", "/a*", false },
	{ "~a", "~a", true },
	{ "~a", "~ab", false },
	{ "~.*", "/a", false },
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		bool covers = check_path_covers(paths[i].earlier, paths[i].later);
		if (covers != paths[i].covers)
			print_error("'%s' and '%s'\n", paths[i].earlier, paths[i].later);
		assert_int_equal(covers, paths[i].covers);
	}
}

static const struct {
	const char *routes; /* two of them */
	bool shadowed;
} routes[] = {
	{ "{ path = \"/*\"; }, { path = \"/a\"; }", true },
	{ "{ path = \"/a\"; }, { path = \"/*\"; }", false },
	{ "{ path = \"/*\"; methods = [ \"GET\" ]; }, { path = \"/a\"; }", false },
	{ "{ path = \"/*\"; methods = [ \"GET\", \"POST\" ]; }, { path = \"/a\"; methods = "
	  "\"POST\"; }",
	    true },
	{ "{ path = \"/*\"; methods = [ \"GET\" ]; }, { path = \"/a\"; methods = [ \"GET\", "
	  "\"PUT\" ]; }",
	    false },
	{ "{ path = \"/*\"; host = \"a\"; }, { path = \"/a\"; }", false },
	{ "{ path = \"/*\"; host = \"a\"; }, { path = \"/a\"; host = \"A.\"; }", true },
	{ "{ path = \"/*\"; host = \"a\"; }, { path = \"/a\"; host = \"b\"; }", false },
	{ "{ path = \"/*\"; }, { path = \"/a\"; host = \"b\"; methods = \"GET\"; }", true },
};

static void test_routes(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		char text[512];
		snprintf(text, sizeof(text), "sites = ( { routes = ( %s ); } );", routes[i].routes);
		support_load(&t, text);
		assert_non_null(t.snapshot); /* the first that matches answers: it is legal */
		assert_int_equal(strstr(support_lines(&t), "shadowed by the route '/*'") != NULL,
		    routes[i].shadowed);
	}
	support_fini(&t);
}

static const struct {
	const char *listens;
	const char *lines;
} listens[] = {
	{ "{ port = 80; }, { port = 81; }", "" },
	{ "{ address = \"::1\"; }, { address = \"127.0.0.1\"; }", "" },
	{ "{ address = \"0.0.0.0\"; }, { address = \"::\"; }", "" },
	{ "{ address = \"localhost\"; }, { address = \"LOCALHOST\"; }",
	    "httpd.conf:1: listen[1]: \"LOCALHOST\" port 8080 is taken by the entry at "
	    "httpd.conf:1\n" },
	{ "{ address = \"::1\"; }, { address = \"[::1]\"; }",
	    "httpd.conf:1: listen[1]: \"[::1]\" port 8080 is taken by the entry at "
	    "httpd.conf:1\n" },
	{ "{ address = \"::\"; }, { }",
	    "httpd.conf:1: listen[1]: \"*\" port 8080 is taken by the entry at httpd.conf:1\n" },
	{ "{ address = \"unix:/a\"; }, { address = \"unix:/b\"; }", "" },
	{ "{ address = \"unix:/a\"; port = 1; }, { address = \"unix:/a\"; port = 2; }",
	    "httpd.conf:1: listen[1]: \"unix:/a\" is taken by the entry at httpd.conf:1\n" },
	{ "{ address = \"unix:a\"; }",
	    "httpd.conf:1: listen[0].address: \"unix:a\": the path of a unix "
	    "socket begins with '/' (\"unix:/run/httpd.sock\")\n" },
	{ "{ address = \"\"; }",
	    "httpd.conf:1: listen[0].address: \"\": an empty address (expected "
	    "\"*\", an address or a host name)\n" },
	{ "{ address = \"/run/x\"; }", "httpd.conf:1: listen[0].address: \"/run/x\": not an "
				       "address (expected \"*\", an address, a "
				       "host name or \"unix:PATH\")\n" },
	{ "{ address = \"[::1]:80\"; }",
	    "httpd.conf:1: listen[0].address: \"[::1]:80\": the port is a "
	    "key of its own (port = 80;)\n" },
	{ "{ port = 0; }", "httpd.conf:1: listen[0].port: 0 is out of range (1 to 65535)\n" },
	{ "{ port = 65536; }",
	    "httpd.conf:1: listen[0].port: 65536 is out of range (1 to 65535)\n" },
};

static void test_listens(void **state)
{
	(void)state;
	struct support t;
	char text[512], path[128];
	support_init(&t);
	for (size_t i = 0; i < sizeof(listens) / sizeof(*listens); i++) {
		snprintf(text, sizeof(text), "listen = ( %s );", listens[i].listens);
		support_expect(&t, text, listens[i].lines);
	}
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	for (size_t len = 107; len <= 108; len++) {
		snprintf(text, sizeof(text), "listen = ( { address = \"unix:%.*s\"; } );", (int)len,
		    path);
		support_load(&t, text);
		assert_int_equal(t.mistakes, len - 107);
	}
	support_fini(&t);
}

static void test_site_names(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	support_file(&t, "b.conf", "{ names = [ \"c\", \"a\" ]; }\n");
	support_expect(&t,
	    "sites = (\n{ names = [ \"a\", \"b\", \"A\" ]; },\n@include \"b.conf\"\n);",
	    "b.conf:1: sites[1].names: 'a' is the name of another site, see httpd.conf:2\n"
	    "httpd.conf:2: sites[0].names: 'a' stands there twice\n");
	support_expect(&t,
	    "sites = (\n{ root = \"/a\"; }, { names = \"a\"; },\n{ names = [ ]; }\n);",
	    "httpd.conf:3: sites[2]: no names, but the default site is the one at httpd.conf:2 "
	    "(give "
	    "'names' to one of them)\n");
	support_expect(&t, "sites = ( { names = \"*.a\"; }, { names = \"a\"; }, { } );", "");
	support_expect(&t, "sites = ( { root = \"\"; } );",
	    "httpd.conf:1: sites[0].root: \"\" is no directory (\".\" is the current one)\n");
	support_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_names),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_listens),
		cmocka_unit_test(test_site_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
