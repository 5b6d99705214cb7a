/*
 * cors_test.c - who may use answers from another site, and what a preflight is told.
 */
#include "middleware/cors.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "config/core.h"
#include "handler/files.h"
#include "handler/respond.h"
#include "middleware/cors_origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static enum step refuse(struct request *r, void *state)
{
	(void)state;
	if (slice_eq(r->path, SLICE("/open")))
		return STEP_NEXT;
	response_error(r, 401, NULL);
	return STEP_ANSWERED;
}

static void *prepare_refusal(const struct config_scope *route, struct arena *a)
{
	(void)route;
	return arena_zalloc(a, 1);
}

/* Asks everybody for a password, behind cors. */
static const struct middleware strict_middleware = {
	.name = "strict",
	.prepare = prepare_refusal,
	.enter = refuse,
};

static const struct handler *const handlers[] = { &files_handler, &respond_handler, NULL };
static const struct middleware *const plain[] = { &cors_middleware, NULL };
static const struct middleware *const strict[] = { &cors_middleware, &strict_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, &respond_group, &cors_group, NULL };
static struct modules modules = { .handlers = handlers, .middleware = plain, .groups = groups };

static struct fake_worker worker;

static int setup(void **state)
{
	(void)state;
	modules.middleware = plain;
	fake_worker_init(&worker, &modules, true);
	fake_file(&worker, "www/a.css", "hello");
	fake_file(&worker, "www/a.css.gz", "HELLO");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_worker_fini(&worker);
	return 0;
}

static struct fake_request asked;

static void init(enum http_method method, const char *path, const char *origin)
{
	fake_request_init(&asked, worker.sites, path);
	fake_request_method(&asked, method);
	if (origin)
		fake_request_field(&asked, "Origin", origin);
}

static void start(void)
{
	fake_request_start(&asked);
	fake_request_finish(&asked);
}

static void get(const char *path, const char *origin)
{
	init(METHOD_GET, path, origin);
	start();
}

static void preflight(const char *path, const char *origin, const char *method)
{
	init(METHOD_OPTIONS, path, origin);
	fake_request_field(&asked, "Access-Control-Request-Method", method);
	fake_request_field(&asked, "Access-Control-Request-Headers", "x-a,content-type");
	start();
}

static void forget(void)
{
	fake_request_fini(&asked);
}

static void expect(const char *name, const char *wanted)
{
	const char *value = fake_response_field(&asked, name);
	if (strcmp(value ? value : "", wanted) != 0)
		fail_msg("%s: '%s', not '%s'", name, value ? value : "", wanted);
}

#define ORIGIN "Access-Control-Allow-Origin"
#define METHODS "Access-Control-Allow-Methods"
#define HEADERS "Access-Control-Allow-Headers"
#define CREDENTIALS "Access-Control-Allow-Credentials"
#define AGE "Access-Control-Max-Age"

static void site(const char *cors, const char *routes)
{
	char text[2048];
	snprintf(text, sizeof(text), "sites = ( { root = \"@/www\"; %s routes = ( %s ); } );", cors,
	    routes);
	fake_worker_config(&worker, text);
}

static const char files_route[] = "{ path = \"/*\"; files = { }; }";

static void test_listed_origins(void **state)
{
	(void)state;
	site("cors = { origins = [ \"https://app.example.org\", \"https://b.example\" ]; };",
	    files_route);
	get("/a.css", "https://app.example.org");
	expect(ORIGIN, "https://app.example.org");
	expect(CREDENTIALS, "");
	expect("Vary", "Accept-Encoding, Origin");
	assert_true(slice_eq(buf_peek(&asked.content), SLICE("hello")));
	forget();
	get("/a.css", "https://evil.example");
	expect(ORIGIN, "");
	expect("Vary", "Accept-Encoding, Origin");
	assert_int_equal(asked.r.response.status, 200);
	forget();
	get("/none", NULL);
	expect(ORIGIN, "");
	expect("Vary", "Accept, Origin");
	forget();
	get("/none", "https://b.example");
	assert_int_equal(asked.r.response.status, 404);
	expect(ORIGIN, "https://b.example");
	forget();
}

static void test_two_origins_are_none(void **state)
{
	(void)state;
	site("cors = \"https://b.example\";", files_route);
	init(METHOD_GET, "/a.css", "https://b.example");
	fake_request_field(&asked, "Origin", "https://evil.example");
	start();
	expect(ORIGIN, "");
	forget();
}

/* Nothing depends on who asks, so caches need not know. */
static void test_all_origins(void **state)
{
	(void)state;
	site("cors = \"*\";", files_route);
	get("/a.css", NULL);
	expect(ORIGIN, "*");
	expect("Vary", "Accept-Encoding");
	forget();
	preflight("/a.css", "null", "GET");
	assert_int_equal(asked.r.response.status, 204);
	expect(ORIGIN, "*");
	forget();
}

static void test_credentials_and_expose(void **state)
{
	(void)state;
	site("cors = { origins = \"https://*.example.org\"; credentials = true; "
	     "expose = [ \"X-A\", \"X-B\" ]; };",
	    "{ path = \"/*\"; respond = { headers = ( \"Access-Control-Allow-Origin: *\", "
	    "\"Access-Control-Allow-Credentials: false\" ); }; }");
	get("/", "https://a.example.org");
	expect(ORIGIN, "https://a.example.org");
	expect(CREDENTIALS, "true");
	expect("Access-Control-Expose-Headers", "X-A, X-B");
	forget();
	get("/", "https://evil.example");
	expect(ORIGIN, "");
	expect(CREDENTIALS, "");
	forget();
	preflight("/", "https://a.example.org", "PUT");
	expect(CREDENTIALS, "true");
	expect("Access-Control-Expose-Headers", "");
	forget();
}

static void test_preflight(void **state)
{
	(void)state;
	site("cors = \"https://b.example\";", files_route);
	preflight("/a.css", "https://b.example", "GET");
	assert_int_equal(asked.r.response.status, 204);
	assert_int_equal(asked.content.len, 0);
	expect(ORIGIN, "https://b.example");
	expect(METHODS, "GET, HEAD");
	expect(HEADERS, "x-a,content-type");
	expect(AGE, "86400");
	expect("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers, Origin");
	expect("Access-Control-Allow-Private-Network", "");
	expect("Allow", "");
	forget();
	preflight("/a.css", "https://evil.example", "GET");
	assert_int_equal(asked.r.response.status, 204);
	expect(ORIGIN, "");
	expect(METHODS, "");
	expect(AGE, "");
	forget();
}

static void test_settings_of_preflight(void **state)
{
	(void)state;
	site("cors = { origins = \"*\"; methods = [ \"GET\", \"PURGE\" ]; "
	     "headers = [ \"X-A\", \"X-B\" ]; max_age = \"10m\"; };",
	    files_route);
	preflight("/a.css", "https://b.example", "PURGE");
	expect(METHODS, "GET, PURGE");
	expect(HEADERS, "X-A, X-B");
	expect(AGE, "600");
	forget();
}

static void test_no_preflight(void **state)
{
	(void)state;
	site("cors = \"https://b.example\";", files_route);
	init(METHOD_OPTIONS, "/a.css", "https://b.example");
	start();
	assert_int_equal(asked.r.response.status, 204);
	expect("Allow", "GET, HEAD, OPTIONS");
	expect(ORIGIN, "https://b.example");
	forget();
	init(METHOD_OPTIONS, "/a.css", NULL);
	fake_request_field(&asked, "Access-Control-Request-Method", "GET");
	start();
	expect("Allow", "GET, HEAD, OPTIONS");
	forget();
	init(METHOD_OPTIONS, "/a.css", "https://b.example");
	fake_request_field(&asked, "Access-Control-Request-Method", "GET");
	fake_request_field(&asked, "Access-Control-Request-Headers", "x y");
	start();
	expect(METHODS, "GET, HEAD");
	expect(HEADERS, "");
	forget();
}

/* Which route is meant is told by the method that is announced, not by OPTIONS. */
static void test_route_of_preflight(void **state)
{
	static const char routes[] =
	    "{ path = \"/api\"; methods = [ \"GET\" ]; respond = \"get\"; },"
	    "{ path = \"/api\"; methods = [ \"POST\", \"PUT\" ]; respond = \"post\";"
	    "  cors = \"https://b.example\"; },"
	    "{ path = \"/any\"; respond = \"any\"; cors = \"https://b.example\"; },"
	    "{ path = \"/*\"; files = { }; }";
	(void)state;
	site("", routes);
	preflight("/api", "https://b.example", "PUT");
	assert_int_equal(asked.r.response.status, 204);
	expect(ORIGIN, "https://b.example");
	expect(METHODS, "POST, PUT");
	forget();
	/* Of the route without cors nothing is said: OPTIONS goes to the files. */
	preflight("/api", "https://b.example", "GET");
	expect(ORIGIN, "");
	expect(METHODS, "");
	forget();
	preflight("/any", "https://b.example", "PROPFIND");
	expect(METHODS, "PROPFIND");
	forget();
	preflight("/any", "https://b.example", "DELETE");
	expect(METHODS, "GET, HEAD, POST, PUT, DELETE, PATCH");
	forget();
}

/* The answer itself can be read then, and says what is wrong. */
static void test_preflight_of_nothing(void **state)
{
	(void)state;
	site("cors = \"https://b.example\";",
	    "{ path = \"/api\"; methods = [ \"POST\" ]; respond = \"post\"; }");
	preflight("/none", "https://b.example", "GET");
	assert_int_equal(asked.r.response.status, 204);
	expect(ORIGIN, "https://b.example");
	forget();
	get("/none", "https://b.example");
	assert_int_equal(asked.r.response.status, 404);
	expect(ORIGIN, "https://b.example");
	forget();
	preflight("/api", "https://b.example", "DELETE");
	assert_int_equal(asked.r.response.status, 204);
	expect(METHODS, "POST");
	forget();
	init(METHOD_DELETE, "/api", "https://b.example");
	start();
	assert_int_equal(asked.r.response.status, 405);
	expect(ORIGIN, "https://b.example");
	forget();
}

/* Browsers send no password with a preflight. */
static void test_preflight_before_passwords(void **state)
{
	(void)state;
	modules.middleware = strict;
	site("cors = \"https://b.example\";", files_route);
	preflight("/a.css", "https://b.example", "GET");
	assert_int_equal(asked.r.response.status, 204);
	forget();
	get("/a.css", "https://b.example");
	assert_int_equal(asked.r.response.status, 401);
	expect(ORIGIN, "https://b.example");
	forget();
	modules.middleware = plain;
}

static void expect_explained(enum step step, const char *wanted)
{
	char text[128] = "";
	const struct route_step *s = &exchange_of(&asked.r)->route->steps[0];
	assert_int_equal(s->middleware->explain(&asked.r, s->state, text, sizeof(text)), step);
	assert_string_equal(text, wanted);
	forget();
}

static void test_explained(void **state)
{
	(void)state;
	site("cors = \"https://b.example\";", files_route);
	get("/a.css", NULL);
	expect_explained(STEP_NEXT, "");
	get("/a.css", "https://b.example");
	expect_explained(STEP_NEXT, "pages of https://b.example may use the answer");
	get("/a.css", "https://c.example");
	expect_explained(STEP_NEXT, "pages of https://c.example may not use the answer");
	preflight("/a.css", "https://b.example", "GET");
	expect_explained(
	    STEP_ANSWERED, "answers the preflight of https://b.example with 204, permits it");
}

static void test_off(void **state)
{
	(void)state;
	site("cors = \"*\";", "{ path = \"/*\"; files = { }; cors = { origins = [ ]; }; }");
	get("/a.css", "https://b.example");
	expect(ORIGIN, "");
	assert_int_equal(exchange_of(&asked.r)->route->step_count, 0);
	forget();
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *origin;
		bool matches;
	} rows[] = {
		{ "*", "https://a", true },
		{ "null", "null", true },
		{ "https://a", "null", false },
		{ "https://a.example", "https://a.example", true },
		{ "https://A.Example", "HTTPS://a.exaMple", true },
		{ "https://a.example", "http://a.example", false },
		{ "https://a.example", "https://a.example:8443", false },
		{ "https://a.example:443", "https://a.example", true },
		{ "http://a.example:80", "http://a.example", true },
		{ "http://a.example:443", "http://a.example:443", true },
		{ "https://a.example", "https://a.example.evil", false },
		{ "https://a.example", "https://aaexample", false },
		{ "https://*.b.example", "https://a.b.example", true },
		{ "https://*.b.example", "https://x.a.b.example", true },
		{ "https://*.b.example", "https://b.example", false },
		{ "https://*.b.example", "https://.b.example", false },
		{ "https://*.b.example", "https://evilb.example", false },
		{ "https://*.b.example", "https://evil.example/.b.example", false },
		{ "https://*.b.example", "https://evil.example:1.b.example", false },
		{ "https://*.b.example", "https://a@.b.example", false },
		{ "https://*.b.example", "http://a.b.example", false },
		{ "https://*.b.example:8443", "https://a.b.example:8443", true },
		{ "https://*.b.example:443", "https://a.b.example", true },
		{ "http://localhost:*", "http://localhost:3000", true },
		{ "http://localhost:*", "http://localhost:", false },
		{ "http://localhost:*", "http://localhost:80a", false },
		{ "http://localhost:*", "http://localhost", false },
		{ "http://[::1]:*", "http://[::1]:3000", true },
		{ "moz-extension://12-34", "moz-extension://12-34", true },
	};
	struct origin_pattern p;
	const char *reason;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(origin_pattern_parse(slice_str(rows[i].pattern), &p, &reason), OK);
		if (origin_matches(&p, slice_str(rows[i].origin)) != rows[i].matches)
			fail_msg("%s and %s", rows[i].pattern, rows[i].origin);
	}
}

static void expect_mistake(const char *cors, const char *wanted)
{
	char text[512];
	snprintf(text, sizeof(text), "cors = %s;\nsites = ( { root = \"@/www\"; } );", cors);
	const char *lines = fake_worker_mistakes(&worker, text);
	if (!strstr(lines, wanted))
		fail_msg("%s: '%s', not '%s'", cors, lines, wanted);
}

static void test_mistakes(void **state)
{
	(void)state;
	expect_mistake("\"example.org\"", "expected \"https://example.org\"");
	expect_mistake("\"https://example.org/\"", "an origin ends before the '/'");
	expect_mistake("\"https://\"", "no host stands behind");
	expect_mistake("\"https://u,x.example.org\"", "a host is letters");
	expect_mistake("\"https://b\xc3\xbc.example\"", "a host is letters");
	expect_mistake("\"https://*\"", "a '*' stands before a domain");
	expect_mistake("\"https://a.*.example\"", "a '*' stands before a domain");
	expect_mistake("\"https://*.a.*\"", "a '*' stands before a domain");
	expect_mistake("\"https://*.a:*\"", "a '*' stands before a domain");
	expect_mistake("{ origins = \"*\"; credentials = true; }", "'*' with credentials");
	expect_mistake("{ origins = \"null\"; credentials = true; }", "'null' with credentials");
	expect_mistake("{ origins = \"https://a\"; credentials = true; headers = \"*\"; }",
	    "cors.headers: '*' means nothing with credentials");
	expect_mistake("{ origins = \"*\"; methods = [ \"get\" ]; }", "capital letters");
	expect_mistake("{ origins = \"*\"; expose = [ \"X A\" ]; }", "'X A' is not a name");
	assert_non_null(strstr(
	    fake_worker_mistakes(&worker, "sites = ( { root = \"@/www\"; cors = \"*\"; routes = ( "
					  "{ path = \"/*\"; files = { }; cors = { credentials = "
					  "true; }; } ); } );"),
	    "'*' with credentials"));
	assert_non_null(strstr(fake_worker_mistakes(&worker,
				   "sites = ( { root = \"@/www\"; routes = ( { path = "
				   "\"/*\"; files = { }; cors = { max_age = 5; }; } ); } );"),
	    "warning: cors: without effect"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listed_origins),
		cmocka_unit_test(test_two_origins_are_none),
		cmocka_unit_test(test_all_origins),
		cmocka_unit_test(test_credentials_and_expose),
		cmocka_unit_test(test_preflight),
		cmocka_unit_test(test_settings_of_preflight),
		cmocka_unit_test(test_no_preflight),
		cmocka_unit_test(test_route_of_preflight),
		cmocka_unit_test(test_preflight_of_nothing),
		cmocka_unit_test(test_preflight_before_passwords),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
