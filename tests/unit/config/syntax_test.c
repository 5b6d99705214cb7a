/* syntax_test.c - mistakes of form: told with their line, mended so that the rest is checked too.
 */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define INCLUDE "an include is a line of its own: @include \"FILE\"\n"

static const struct {
	const char *text;
	const char *lines; /* "" when nothing is wrong with it */
} vectors[] = {
	{ "", "" },
	{ "// only\n# comments /*\n/* \" */", "" },
	{ "workers = 1", "" },
	{ "workers : 1, user : \"x\" group = \"y\"", "" },
	{ "\xef\xbb\xbfworkers = 1;\r\nuser = \"x\";\r\n", "" },
	{ "user = \"a\n\nb\"; workers = 1;", "" },
	{ "all = { number = -5; size = 3000000000; ratio = 1e1; ints = [ 0x190, 404L ]; };", "" },
	{ "user = www;",
	    "httpd.conf:1: user: 'www' is not a value (text stands in quotes: \"www\")\n" },
	{ "timeouts = {\n idle = 30s; };\nusr = \"\";",
	    "httpd.conf:2: idle: '30s' is not a value (text stands in quotes: \"30s\")\n"
	    "httpd.conf:3: unknown key 'usr' at the top level (did you mean 'user'?)\n" },
	{ "timeouts = { adaptive = Yes; keepalive = off };",
	    "httpd.conf:1: adaptive: 'Yes' is not a value (expected true or false)\n"
	    "httpd.conf:1: keepalive: 'off' is not a value (expected true or false)\n" },
	{ "workers = 1;\nworkers = 2;\nlimits = { body = 1; };\nlimits = { };",
	    "httpd.conf:2: 'workers' is given twice (first at httpd.conf:1)\n"
	    "httpd.conf:4: 'limits' is given twice (first at httpd.conf:3)\n" },
	{ "limits = { body = 1; body = 2; }; sites = ( { root = \".\"; }, { names = \"a\"; root = "
	  "\".\"; } );",
	    "httpd.conf:1: 'body' is given twice (first at httpd.conf:1)\n" },
	{ "workers 4;\nusr = \"\";",
	    "httpd.conf:1: '=' expected behind 'workers', found '4'\n"
	    "httpd.conf:2: unknown key 'usr' at the top level (did you mean "
	    "'user'?)\n" },
	{ "limits {\n bodi = 1; };",
	    "httpd.conf:1: '=' expected behind 'limits', found '{'\n"
	    "httpd.conf:2: unknown key 'bodi' in limits (did you mean 'body'?)\n" },
	{ "workers", "httpd.conf:1: '=' expected behind 'workers', found the end of the file\n" },
	{ "workers\n=\n;", "httpd.conf:1: 'workers' has no value\n" },
	{ "workers = }",
	    "httpd.conf:1: 'workers' has no value\nhttpd.conf:1: '}' closes nothing\n" },
	{ "= 1;\nworkers = 1;;\n5 = 1;", "httpd.conf:1: expected a key, found '='\n"
					 "httpd.conf:2: expected a key, found ';'\n"
					 "httpd.conf:3: expected a key, found '5'\n" },
	{ "{ workers = 1; }", "httpd.conf:1: expected a key, found '{'\n" },
	{ "listen = (\n{ port = 80; }\n{ port = 81; }\n);",
	    "httpd.conf:3: a ',' is missing before this element\n" },
	{ "listen = ( { port = 80; }, );",
	    "httpd.conf:1: a ',' with nothing behind it before ')'\n" },
	{ "all = { ints = [ 404, ]; };",
	    "httpd.conf:1: a ',' with nothing behind it before ']'\n" },
	{ "all = { strings = [ a, \"b\", c ]; };",
	    "httpd.conf:1: strings: 'a' is not a value (text stands in quotes: \"a\")\n"
	    "httpd.conf:1: strings: 'c' is not a value (text stands in quotes: \"c\")\n" },
	{ "listen = [ { port = 80; } ];",
	    "httpd.conf:1: an array [ ] has plain values only (expected a list: ( ... ))\n" },
	{ "all = { strings = [ 1, \"a\" ]; };",
	    "httpd.conf:1: all.strings: 1 is not a string (expected text in quotes)\n" },
	{ "limits = {\n body = 1;\nlog = { };\n",
	    "httpd.conf:1: the '{' that stands here is not closed "
	    "('}' is missing)\n" },
	{ "sites = (\n{ root = \".\"\n);",
	    "httpd.conf:3: '}' expected to close the '{' of line 2, found ')'\n" },
	{ "listen = ( { port = 80; }; );",
	    "httpd.conf:1: ')' expected to close the '(' of line 1, found ';'\n" },
	{ "workers = 1;\n}\n", "httpd.conf:2: '}' closes nothing\n" },
	{ "user = \"a;\ngroup = \"b\";\nlog = { level = \"info\"; };",
	    "httpd.conf:1: the string that begins here has no closing '\"' in its line, and the "
	    "file "
	    "lacks one\n" },
	{ "user = \"a;\ngroup = \"b\"; pid_file = c\";",
	    "httpd.conf:1: a string that begins here goes over the end of the line: is its closing "
	    "'\"' "
	    "missing?\n" },
	{ "workers = 1;\n/* all\nthis",
	    "httpd.conf:2: a comment that begins here does not end ('*/' is "
	    "missing)\n" },
	{ "workers = 99999999999999999999;",
	    "httpd.conf:1: workers: '99999999999999999999' is out of range\n" },
	{ "user = \"a\\x00b\";", "httpd.conf:1: user: a string can not have \\x00 in it\n" },
	{ "user = \"a\\\\x00b\";", "" },
	{ "log = { @include \"x\" };", "httpd.conf:1: " INCLUDE },
	{ "mime_types = http://x;\nusr = 1;",
	    "httpd.conf:1: mime_types: 'http' is not a value (text stands in quotes: \"http\")\n"
	    "httpd.conf:2: unknown key 'usr' at the top level (did you mean 'user'?)\n" },
	{ "mime_types = /etc/mime.types;",
	    "httpd.conf:1: mime_types: '/etc/mime.types' is not a value (text stands in quotes: "
	    "\"/etc/mime.types\")\n" },
	{ "sites = ( { routes = ( { path = /x; files = { }; } ); } );",
	    "httpd.conf:1: path: '/x' is not a value (text stands in quotes: \"/x\")\n" },
};

static void test_vectors(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		support_expect(&t, vectors[i].text, vectors[i].lines);
	support_fini(&t);
}

static void test_depth(void **state)
{
	(void)state;
	struct support t;
	struct buf text;
	support_init(&t);
	buf_init(&text, 1 << 20);
	assert_int_equal(buf_printf(&text, "a = "), OK);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buf_byte(&text, '('), OK);
	support_expect(&t, text.data, "httpd.conf:1: brackets are nested more than 32 deep\n");
	buf_fini(&text);
	support_fini(&t);
}

/* Every beginning of a good file is either good or has a mistake that is told; nothing else
 * happens. */
static void test_every_beginning(void **state)
{
	(void)state;
	static const char whole[] =
	    "user = \"a\" \"b\"; # c\nlisten = ( { port = 80; }, { address = \"unix:/x\"; } );\n"
	    "/* c */ all = { ints = [ 404, 0x1F5 ]; ratio = 1.5e0; inner = { path = \"/\\\"\"; }; "
	    "};\n"
	    "sites = ( { names = [ \"a\", \"b\" ]; routes = ( { path = \"/*\"; } ); } ) // e";
	struct support t;
	char text[sizeof(whole)];
	support_init(&t);
	for (size_t n = 0; n < sizeof(whole); n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		support_load(&t, text);
	}
	assert_non_null(t.snapshot);
	for (size_t n = 0; n + 1 < sizeof(whole); n++) {
		memcpy(text, whole, sizeof(whole));
		memmove(text + n, text + n + 1, sizeof(whole) - n - 1);
		support_load(&t, text);
	}
	support_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_every_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
