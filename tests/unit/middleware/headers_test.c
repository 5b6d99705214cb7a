/*
 * headers_test.c - fields of answers are set, added and removed, whoever made the answer.
 */
#include "middleware/headers.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "config/core.h"
#include "handler/files.h"
#include "handler/redirect.h"
#include "handler/respond.h"
#include "middleware/errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static const struct handler *const handlers[] = { &files_handler, &redirect_handler,
	&respond_handler, NULL };
static const struct middleware *const middleware[] = { &headers_middleware, &errors_middleware,
	NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, &redirect_group, &respond_group, &errors_group, &headers_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static struct fake_worker worker;

static int setup(void **state)
{
	(void)state;
	fake_worker_init(&worker, &modules, true);
	fake_file(&worker, "www/a.css", "hello");
	fake_file(&worker, "www/a.css.gz", "HELLO");
	fake_file(&worker, "www/404.html", "lost");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_worker_fini(&worker);
	return 0;
}

/* A site of files with these headers, and a route of each kind with those. */
static void config(const char *of_site, const char *of_route)
{
	char text[2048];
	snprintf(text, sizeof(text),
	    "sites = ( { root = \"@/www\"; errors = ( { status = 404; file = \"/404.html\"; } );\n"
	    "%s\n routes = (\n"
	    "{ path = \"/old/:name\"; redirect = \"/new\"; %s },\n"
	    "{ path = \"/say/:name\"; respond = { headers = ( \"X-A: own\" ); }; %s },\n"
	    "{ path = \"/*\"; files = { }; } ); } );",
	    of_site, of_route, of_route);
	fake_worker_config(&worker, text);
}

static struct fake_request asked;

static void ask(const char *path, const char *field, const char *value)
{
	fake_request_init(&asked, worker.sites, path);
	if (field)
		fake_request_field(&asked, field, value);
	fake_request_start(&asked);
	fake_request_finish(&asked);
}

static void forget(void)
{
	fake_request_fini(&asked);
}

static const char *field(const char *name)
{
	const char *value = fake_response_field(&asked, name);
	return value ? value : "";
}

static unsigned count(const char *name)
{
	unsigned n = 0;
	for (unsigned i = 0; i < asked.r.response.fields.count; i++)
		n += slice_eq_ci(asked.r.response.fields.list[i].name, slice_str(name));
	return n;
}

/* On whatever is answered. */
static void test_everywhere(void **state)
{
	static const struct {
		const char *path;
		int status;
	} rows[] = { { "/a.css", 200 }, { "/none", 404 }, { "/old/x", 302 }, { "/say/x", 200 } };
	(void)state;
	config("headers = { set = ( \"X-Frame-Options: DENY\" ); };", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ask(rows[i].path, NULL, NULL);
		assert_int_equal(asked.r.response.status, rows[i].status);
		assert_string_equal(field("X-Frame-Options"), "DENY");
		forget();
	}
	ask("/none", NULL, NULL);
	assert_true(slice_eq(buf_peek(&asked.content), SLICE("lost")));
	forget();
	fake_request_init(&asked, worker.sites, "/a.css");
	fake_request_method(&asked, METHOD_DELETE);
	fake_request_start(&asked);
	assert_int_equal(asked.r.response.status, 405);
	assert_string_equal(field("X-Frame-Options"), "DENY");
	forget();
}

static void test_unchanged_file(void **state)
{
	char tag[64];
	(void)state;
	config("headers = { set = ( \"Cache-Control: no-cache\" ); add = ( \"X-A: b\" ); };", "");
	ask("/a.css", NULL, NULL);
	snprintf(tag, sizeof(tag), "%s", field("ETag"));
	forget();
	ask("/a.css", "If-None-Match", tag);
	assert_int_equal(asked.r.response.status, 304);
	assert_string_equal(field("Cache-Control"), "no-cache");
	assert_string_equal(field("X-A"), "b");
	assert_string_equal(field("ETag"), tag);
	forget();
}

/* Ready-made fields of a file are changed for one answer, and are there for the next. */
static void test_fields_of_files(void **state)
{
	(void)state;
	config("headers = { remove = [ \"etag\", \"X-None\" ]; set = ( \"content-type: text/x\", "
	       "\"Vary: Cookie\" ); };",
	    "");
	for (int i = 0; i < 2; i++) {
		ask("/a.css", "Accept-Encoding", "gzip");
		assert_true(slice_eq(buf_peek(&asked.content), SLICE("HELLO")));
		assert_string_equal(field("ETag"), "");
		assert_string_equal(field("Content-Type"), "text/x");
		assert_string_equal(field("Content-Encoding"), "gzip");
		assert_string_equal(field("Vary"), "Cookie");
		assert_int_equal(count("Content-Type") + count("Vary"), 2);
		assert_string_not_equal(field("Last-Modified"), "");
		forget();
	}
	config("", "");
	ask("/a.css", "Accept-Encoding", "gzip");
	assert_string_not_equal(field("ETag"), "");
	assert_string_equal(field("Vary"), "Accept-Encoding");
	forget();
}

static void test_add(void **state)
{
	(void)state;
	config(
	    "headers = { add = ( \"Link: </a>\", \"Link: </b>\", \"Vary: Cookie, X-B\" ); };", "");
	ask("/a.css", "Accept-Encoding", "gzip");
	assert_int_equal(count("Link"), 2);
	assert_string_equal(field("Vary"), "Accept-Encoding, Cookie, X-B");
	forget();
}

static void test_values(void **state)
{
	(void)state;
	config("headers = { set = ( \"X-Status: ${status} ${method}\" ); };",
	    "headers = { set = ( \"X-Name: <${name}>\", \"X-A: ${http_x_a}\" ); };");
	ask("/say/\r\nx: y", "X-A", "\t");
	assert_string_equal(field("X-Name"), "<x: y>");
	assert_string_equal(field("X-A"), ""); /* nothing to set is still not what was there */
	assert_string_equal(field("X-Status"), "");
	forget();
	ask("/none", NULL, NULL);
	assert_string_equal(field("X-Status"), "404 GET");
	forget();
}

/* The group is merged key by key. */
static void test_inheritance(void **state)
{
	(void)state;
	config("headers = { set = ( \"X-A: site\", \"X-S: site\" ); add = ( \"X-Add: site\" ); };",
	    "headers = { set = ( \"X-A: route\" ); };");
	ask("/old/x", NULL, NULL);
	assert_string_equal(field("X-A"), "route");
	assert_string_equal(field("X-S"), "");
	assert_string_equal(field("X-Add"), "site");
	forget();
	config("headers = { set = ( \"X-A: site\" ); };", "headers = { set = [ ]; };");
	ask("/say/x", NULL, NULL);
	assert_string_equal(field("X-A"), "own");
	assert_int_equal(exchange_of(&asked.r)->route->step_count, 1); /* only errors */
	forget();
}

static void test_server(void **state)
{
	(void)state;
	config("", "");
	ask("/a.css", NULL, NULL);
	assert_false(asked.r.response.own_server);
	forget();
	config("headers = { remove = [ \"server\" ]; };", "");
	ask("/a.css", NULL, NULL);
	assert_true(asked.r.response.own_server);
	forget();
	config("headers = { set = ( \"Server: mine\" ); };", "");
	ask("/a.css", NULL, NULL);
	assert_true(asked.r.response.own_server);
	assert_string_equal(field("Server"), "mine");
	forget();
}

static void test_explained(void **state)
{
	char text[128] = "";
	(void)state;
	config("headers = { set = ( \"X-A: b\", \"X-C: d\" ); add = ( \"Link: </>\" ); remove = "
	       "[ \"ETag\" ]; };",
	    "");
	ask("/a.css", NULL, NULL);
	const struct route_step *step = &exchange_of(&asked.r)->route->steps[0];
	assert_int_equal(
	    step->middleware->explain(&asked.r, step->state, text, sizeof(text)), STEP_NEXT);
	assert_string_equal(text, "removes ETag; sets X-A X-C; adds Link");
	step->middleware->explain(&asked.r, step->state, text, 12);
	assert_string_equal(text, "removes ETa");
	forget();
}

static void expect_mistake(const char *headers, const char *wanted)
{
	char text[512];
	snprintf(text, sizeof(text), "headers = %s;\nsites = ( { root = \"@/www\"; } );", headers);
	const char *lines = fake_worker_mistakes(&worker, text);
	if (!strstr(lines, wanted) || !strstr(lines, ".conf:1: "))
		fail_msg("%s: '%s', not '%s'", headers, lines, wanted);
}

static void test_mistakes(void **state)
{
	static const char *const reserved[] = { "Content-Length", "date", "Connection",
		"Transfer-Encoding", "Keep-Alive", "Trailer", "Upgrade", "Content-Range" };
	char text[256];
	(void)state;
	expect_mistake("{ X-Frame-Options = \"DENY\"; }",
	    "unknown key 'X-Frame-Options' in headers (expected set, add or remove)");
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
		snprintf(text, sizeof(text), "{ set = ( \"%s: 1\" ); }", reserved[i]);
		expect_mistake(text, "headers.set: ");
		expect_mistake(text, "the server alone decides");
		snprintf(text, sizeof(text), "{ remove = \"%s\"; }", reserved[i]);
		expect_mistake(text, "headers.remove: ");
	}
	expect_mistake("{ add = ( \"X-A\" ); }", "headers.add: 'X-A': expected \"Name: value\"");
	expect_mistake("{ set = ( \"X-A: ${name}\" ); }", "unknown variable");
	expect_mistake("{ set = ( \"X-A: b\", \"x-a: c\" ); }", "take the place of the one before");
	expect_mistake("{ add = ( \"Server: b\" ); }", "an answer has one Server");
	expect_mistake("{ remove = [ \"X A\" ]; }", "not the name of a field");
	expect_mistake("{ remove = [ \"content-encoding\" ]; }", "nobody could read the content");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everywhere),
		cmocka_unit_test(test_unchanged_file),
		cmocka_unit_test(test_fields_of_files),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
