/*
 * route_test.c - patterns, and the route that answers.
 */
#include "app/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static const struct {
	const char *pattern;
	const char *path;
	const char *params; /* "name=value " each; NULL: no match */
} rows[] = {
	{ "/healthz", "/healthz", "" },
	{ "/healthz", "/healthz/", NULL },
	{ "/healthz", "/Healthz", NULL },
	{ "/*", "/", "*= " },
	{ "/*", "/a/b", "*=a/b " },
	{ "/app/*", "/app/", "*= " },
	{ "/app/*", "/app/js/x.js", "*=js/x.js " },
	{ "/app/*", "/app", NULL },
	{ "/app/*", "/apple/x", NULL },
	{ "/img*", "/img1/x", "*=1/x " },
	{ "*.php", "/a/x.php", "*=/a/x " },
	{ "*.php", "/a/x.php/y", NULL },
	{ "*", "/anything", "*=/anything " },
	{ "/hello/:name", "/hello/me", "name=me " },
	{ "/hello/:name", "/hello/", NULL },
	{ "/hello/:name", "/hello/me/", NULL },
	{ "/hello/:name", "/hello", NULL },
	{ "/hello/:name", "/hallo/me", NULL },
	{ "/u/:id/p/:post", "/u/7/p/x", "id=7 post=x " },
	{ "/u/:id/p/:post", "/u/7/q/x", NULL },
	{ "/u/:id/*", "/u/7/", "id=7 *= " },
	{ "/u/:id/*", "/u/7/a/b", "id=7 *=a/b " },
	{ "/u/:id/*", "/u/7", NULL },
	{ "/:a/", "/x/", "a=x " },
	{ "/:a/", "/x", NULL },
	{ "/a:b", "/a:b", "" },
};

static void test_patterns(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct route_pattern p;
		struct exchange x = { .param_count = 0 };
		const char *reason = NULL;
		char text[128] = "";
		assert_int_equal(pattern_compile(slice_str(rows[i].pattern), &a, &p, &reason), OK);
		bool matches = pattern_match(&p, slice_str(rows[i].path), &x);
		for (unsigned k = 0; k < x.param_count; k++)
			sprintf(text + strlen(text), SLICE_FMT "=" SLICE_FMT " ",
			    SLICE_ARG(x.params[k].name), SLICE_ARG(x.params[k].value));
		if (matches != (rows[i].params != NULL) ||
		    strcmp(text, matches ? rows[i].params : ""))
			fail_msg("%s on %s: %d %s", rows[i].pattern, rows[i].path, matches, text);
	}
	arena_fini(&a);
}

static void test_bad_patterns(void **state)
{
	static const char *const bad[] = { "", "abc", "~^/x$", "/a*b", "/*/b", "*a*", "/:", "/:a-b",
		"/:1", "/x/:a/y*", "/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p" };
	struct arena a;
	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct route_pattern p;
		const char *reason = NULL;
		if (pattern_compile(slice_str(bad[i]), &a, &p, &reason) != ERR_SYNTAX || !reason)
			fail_msg("'%s' was taken", bad[i]);
	}
	arena_fini(&a);
}

static void test_hosts(void **state)
{
	(void)state;
	assert_true(host_matches(SLICE_NONE, SLICE("example.org")));
	assert_true(host_matches(SLICE("example.org"), SLICE("example.org")));
	assert_false(host_matches(SLICE("example.org"), SLICE("www.example.org")));
	assert_true(host_matches(SLICE("*.example.org"), SLICE("www.example.org")));
	assert_false(host_matches(SLICE("*.example.org"), SLICE("example.org")));
	assert_false(host_matches(SLICE("*.example.org"), SLICE(".example.org")));
}

/* A site with these routes, tried in this order. */
static struct route make_route(
    const char *pattern, const char *host, unsigned methods, struct arena *a)
{
	struct route_pattern *p = arena_alloc(a, sizeof(*p));
	const char *reason;
	assert_int_equal(pattern_compile(slice_str(pattern), a, p, &reason), OK);
	return (struct route){ .pattern = slice_str(pattern),
		.compiled = p,
		.host = slice_str(host),
		.methods = methods };
}

static void test_order(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a);
	unsigned get = 1u << METHOD_GET | 1u << METHOD_HEAD, post = 1u << METHOD_POST;
	struct route routes[] = {
		make_route("/x", "other.example.org", 0, &a),
		make_route("/x", NULL, post, &a),
		make_route("/x", NULL, get, &a),
		make_route("/:any", NULL, 1u << METHOD_PUT, &a),
	};
	struct site site = { .routes = routes, .route_count = 4 };
	struct exchange x = { 0 };
	struct request r = { .app_state = &x, .path = SLICE("/x"), .host = SLICE("example.org") };
	unsigned allow;

	r.method = METHOD_GET;
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[2]);
	r.method = METHOD_HEAD;
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[2]);
	r.method = METHOD_POST;
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[1]);
	r.method = METHOD_PUT;
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[3]);
	assert_true(slice_eq(exchange_param(&r, SLICE("any")), SLICE("x")));
	assert_null(exchange_param(&r, SLICE("other")).ptr);
	r.method = METHOD_DELETE;
	assert_null(route_match(&site, &r, &allow));
	assert_int_equal(allow, get | post | 1u << METHOD_PUT);
	assert_int_equal(x.param_count, 0);
	assert_ptr_equal(route_find(&site, &r), &routes[1]);
	r.host = SLICE("other.example.org");
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[0]);
	r.path = SLICE("/a/b");
	assert_null(route_match(&site, &r, &allow));
	assert_int_equal(allow, 0);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_bad_patterns),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
