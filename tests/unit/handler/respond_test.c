/*
 * respond_test.c - answers from the configuration, and what becomes of values in them.
 */
#include "handler/respond.h"

#include "../app/fake_wire.h"
#include "config/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static const struct handler *const handlers[] = { &respond_handler, NULL };
static const struct middleware *const middleware[] = { NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &respond_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static struct fake_worker worker;

static int setup(void **state)
{
	(void)state;
	fake_worker_init(&worker, &modules, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_worker_fini(&worker);
	return 0;
}

/* Asks for /hello/NAME of a route with these settings. */
static void ask(struct fake_request *f, const char *respond, const char *path)
{
	char config[1024];
	snprintf(config, sizeof(config),
	    "sites = ( { routes = ( { path = \"/hello/:name\"; respond = %s; } ); } );", respond);
	fake_worker_config(&worker, config);
	fake_request_init(f, worker.sites, path);
	fake_request_field(f, "X-Own", " a\r\nSet-Cookie: b\t");
	fake_request_start(f);
}

static void expect_content(const char *respond, const char *path, const char *wanted)
{
	struct fake_request f;
	ask(&f, respond, path);
	if (!slice_eq(buf_peek(&f.content), slice_str(wanted)))
		fail_msg("%s: '%s', not '%s'", respond, f.content.data, wanted);
	fake_request_fini(&f);
}

static void test_plain(void **state)
{
	struct fake_request f;
	(void)state;
	ask(&f, "\"hello\"", "/hello/x");
	assert_int_equal(f.r.response.status, 200);
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/plain; charset=utf-8");
	assert_string_equal(fake_response_field(&f, "X-Content-Type-Options"), "nosniff");
	assert_true(slice_eq(buf_peek(&f.content), SLICE("hello")));
	fake_request_fini(&f);
	expect_content("{ }", "/hello/x", "");
}

static void test_escapes(void **state)
{
	static const char path[] = "/hello/<b a='\"'>&\\";
	(void)state;
	expect_content("{ body = \"<${name}>\"; }", path, "<<b a='\"'>&\\>");
	expect_content("{ type = \"text/html\"; body = \"<p>${name}</p>\"; }", path,
	    "<p>&lt;b a=&#39;&quot;&#39;&gt;&amp;\\</p>");
	expect_content("{ type = \"application/json\"; body = \"{\\\"a\\\":\\\"${name}\\\"}\"; }",
	    path, "{\"a\":\"<b a='\\\"'>&\\\\\"}");
	expect_content("{ type = \"Application/Problem+JSON; x=y\"; body = \"${name}\"; }",
	    "/hello/\"", "\\\"");
	expect_content("{ type = \"image/svg+xml\"; body = \"${name}\"; }", "/hello/<", "&lt;");
	expect_content("{ type = \"application/json\"; body = \"${name}\"; }",
	    "/hello/\1\x7f\xc2\x9b\xff", "\\u0001\\u007f\\u009b\xef\xbf\xbd");
	expect_content(
	    "{ type = \"text/javascript\"; body = \"${name}\"; }", "/hello/\"\n", "\\\"\\n");
	expect_content("{ type = \"text/javascript\"; body = \"a = '${name}'\"; }",
	    "/hello/'`${b}<", "a = '\\u0027\\u0060\\u0024{b}\\u003c'");
	expect_content("{ type = \"application/x-www-form-urlencoded\"; body = \"n=${name}\"; }",
	    "/hello/a&b=c", "n=a%26b%3Dc");
	expect_content("\"${method} ${status} $ {x}\"", path, "GET 200 $ {x}");
}

static void test_types(void **state)
{
	struct fake_request f;
	(void)state;
	ask(&f, "{ type = \"text/html\"; }", "/hello/x");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/html; charset=utf-8");
	fake_request_fini(&f);
	ask(&f, "{ type = \"text/css; charset=latin1\"; }", "/hello/x");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/css; charset=latin1");
	fake_request_fini(&f);
	ask(&f, "{ type = \"application/json\"; }", "/hello/x");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "application/json");
	fake_request_fini(&f);
}

static void test_fields(void **state)
{
	struct fake_request f;
	(void)state;
	ask(&f,
	    "{ status = 201; headers = ( \"Location: /x/${name}\", \"X-Back: ${http_x_own} \", "
	    "\"X-None:${user}\", \"X-Content-Type-Options: other\", \"X-Status: ${status}\" ); }",
	    "/hello/a\nb");
	assert_int_equal(f.r.response.status, 201);
	assert_string_equal(fake_response_field(&f, "Location"), "/x/ab");
	assert_string_equal(fake_response_field(&f, "X-Back"), "aSet-Cookie: b");
	assert_string_equal(fake_response_field(&f, "X-Status"), "201");
	assert_null(fake_response_field(&f, "X-None"));
	assert_string_equal(fake_response_field(&f, "X-Content-Type-Options"), "other");
	fake_request_fini(&f);
}

static void test_without_content(void **state)
{
	static const char *const settings[] = { "{ status = 204; }", "{ status = 304; }",
		"{ status = 205; body = \"\"; }" };
	struct fake_request f;
	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		ask(&f, settings[i], "/hello/x");
		assert_null(fake_response_field(&f, "Content-Type"));
		assert_int_equal(f.content.len, 0);
		fake_request_fini(&f);
	}
}

/* An error that says nothing itself is the server's own, so a site's page may take its place. */
static void test_errors(void **state)
{
	struct fake_request f;
	(void)state;
	ask(&f, "{ status = 410; headers = ( \"X-A: b\" ); }", "/hello/x");
	assert_int_equal(f.r.response.status, 410);
	assert_true(f.r.response.plain_error);
	assert_string_equal(fake_response_field(&f, "X-A"), "b");
	assert_non_null(strstr(f.content.data, "410 Gone"));
	fake_request_fini(&f);
	ask(&f, "{ status = 503; body = \"back soon\"; }", "/hello/x");
	assert_false(f.r.response.plain_error);
	assert_true(slice_eq(buf_peek(&f.content), SLICE("back soon")));
	fake_request_fini(&f);
}

static void expect_explained(const char *respond, const char *wanted)
{
	struct fake_request f;
	char text[128];
	ask(&f, respond, "/hello/x");
	const struct route *route = exchange_of(&f.r)->route;
	route->handler->explain(&f.r, route->handler_state, text, sizeof(text));
	assert_string_equal(text, wanted);
	fake_request_fini(&f);
}

static void test_explained(void **state)
{
	(void)state;
	expect_explained("{ type = \"text/html\"; }", "answers 200 with text/html; charset=utf-8");
	expect_explained("{ status = 204; }", "answers 204 No Content");
	expect_explained("{ status = 410; }", "answers 410 Gone");
}

static void test_methods(void **state)
{
	static const enum http_method methods[] = { METHOD_HEAD, METHOD_POST, METHOD_DELETE,
		METHOD_OTHER };
	struct fake_request f;
	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		fake_worker_config(&worker,
		    "sites = ( { routes = ( { path = \"/*\"; respond = \"${*}\"; } ); } );");
		fake_request_init(&f, worker.sites, "/abc");
		fake_request_method(&f, methods[i]);
		fake_request_start(&f);
		assert_int_equal(f.r.response.status, 200);
		assert_int_equal(f.r.response.length, 3);
		assert_int_equal(f.content.len, methods[i] == METHOD_HEAD ? 0 : 3);
		fake_request_fini(&f);
	}
}

static void expect_options(const char *methods, int status, const char *allow)
{
	struct fake_request f;
	char config[256];
	snprintf(config, sizeof(config),
	    "sites = ( { routes = ( { path = \"/*\"; %s respond = \"a\"; } ); } );", methods);
	fake_worker_config(&worker, config);
	fake_request_init(&f, worker.sites, "/abc");
	fake_request_method(&f, METHOD_OPTIONS);
	fake_request_start(&f);
	assert_int_equal(f.r.response.status, status);
	if (allow)
		assert_string_equal(fake_response_field(&f, "Allow"), allow);
	else
		assert_null(fake_response_field(&f, "Allow"));
	fake_request_fini(&f);
}

static void test_options(void **state)
{
	(void)state;
	expect_options("", 204, "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
	expect_options("methods = \"GET\";", 204, "GET, HEAD, OPTIONS");
	expect_options("methods = [ \"GET\", \"OPTIONS\" ];", 200, NULL);
}

static void test_too_much(void **state)
{
	static char path[600000];
	struct fake_request f;
	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	memcpy(path, "/hello/", 7);
	ask(&f, "\"${name}${name}\"", path);
	assert_int_equal(f.r.response.status, 500);
	fake_request_fini(&f);
}

static void expect_mistake(const char *respond, const char *wanted)
{
	char config[512];
	snprintf(config, sizeof(config),
	    "sites = ( { routes = ( { path = \"/:name\"; respond = %s; } ); } );", respond);
	const char *lines = fake_worker_mistakes(&worker, config);
	if (!strstr(lines, wanted))
		fail_msg("%s: '%s', not '%s'", respond, lines, wanted);
}

static void test_mistakes(void **state)
{
	(void)state;
	expect_mistake("{ status = 100; }", "out of range (200 to 599)");
	expect_mistake("{ status = 204; body = \"x\"; }", "status 204 has no content");
	expect_mistake("{ type = \"html\"; }", "'html' is not a media type");
	expect_mistake("{ body = \"a ${nmae} b\"; }",
	    "unknown variable (did you mean ${name}?) in '${nmae} b'");
	expect_mistake("{ body = \"${name\"; }", "'${' without '}'");
	expect_mistake("{ headers = ( \"X\" ); }", "'X': expected \"Name: value\"");
	expect_mistake("{ headers = ( \"X Y: z\" ); }", "no name of a field");
	expect_mistake("{ headers = ( \"X: \" ); }", "no value stands behind");
	expect_mistake("{ headers = ( \"X: a\\r\\nY: b\" ); }", "control characters");
	expect_mistake("{ headers = ( \"X: ${x}\" ); }", "unknown variable");
	expect_mistake("{ headers = ( \"content-length: 1\" ); }", "the server alone decides");
	expect_mistake("{ headers = ( \"Content-Type: text/html\" ); }", "is respond.type");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_without_content),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
