/*
 * route_test.c - patterns, and the route that answers.
 */
#include "app/route_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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
	{ "~", "/a", "" },
	{ "~^/a$", "/a", "" },
	{ "~^/a$", "/a\n", NULL },
	{ "~^/a.b$", "/a\nb", "" },
	{ "~^/a.b$",
	    "/a\xff"
	    "b",
	    "" },
	{ "~/v([0-9]+)/(x)?", "/api/v12/", "1=12 2= " },
	{ "~^/(?<year>[0-9]{4})/(.*)$", "/2026/a/b", "1=2026 2=a/b year=2026 " },
	{ "~(?i)\\.PHP$", "/x.php", "" },
	{ "~^/a", "/b/a", NULL },
};

/* Patterns of routes in groups. */
static const struct {
	const char *group, *own, *path, *params;
} grouped[] = {
	{ "/api", "/x", "/api/x", "" },
	{ "/api", "/x", "/x", NULL },
	{ "/api", "", "/api", "" },
	{ "/api", "", "/api/", NULL },
	{ "/api", "/*", "/api/a/b", "*=a/b " },
	{ "/api", "/*", "/api", NULL },
	{ "/u/:id", "/p/:post", "/u/7/p/8", "id=7 post=8 " },
	{ "/u/:id", "", "/u/7", "id=7 " },
	{ "/api", "*.php", "/api/a/x.php", "*=/a/x " },
	{ "/api", "*.php", "/apix.php", NULL },
	{ "/api", "*.php", "/api.php", NULL },
	{ "/api", "*", "/api/a", "*=/a " },
	{ "/u/:id", "*.php", "/u/7/a/x.php", "id=7 *=/a/x " },
	{ "/u/:id", "*.php", "/u/7.php", NULL },
	{ "/u/:id", "*.php", "/v/7/x.php", NULL },
	{ "/api", "~^/v([0-9])$", "/api/v1", "1=1 " },
	{ "/api", "~^/v([0-9])$", "/v1", NULL },
	{ "/api", "~api", "/api/x", NULL },
	{ "/u/:id", "~^/(?<p>.)$", "/u/7/y", "id=7 1=y p=y " },
	{ "/u/:id", "~^/(?<p>.)$", "/u//y", NULL },
};

static void expect(const char *group, const char *own, const char *path, const char *params)
{
	struct arena a;
	struct route_pattern p;
	struct exchange x = { .param_count = 0 };
	char why[PATTERN_WHY] = "", text[128] = "";
	if (own[0] == '~' && !regex_library())
		return;
	arena_init(&a);
	if (pattern_compile(slice_str(group), slice_str(own), &a, &p, why) < 0)
		fail_msg("%s %s: %s", group, own, why);
	enum match m = pattern_match(&p, slice_str(path), &x);
	for (unsigned k = 0; k < x.param_count; k++)
		sprintf(text + strlen(text), SLICE_FMT "=" SLICE_FMT " ",
		    SLICE_ARG(x.params[k].name), SLICE_ARG(x.params[k].value));
	if (m != (params ? MATCH_YES : MATCH_NO) || strcmp(text, params ? params : "") != 0)
		fail_msg("%s %s on %s: %d %s", group, own, path, m, text);
	pattern_release(&p);
	arena_fini(&a);
}

static void test_patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect("", rows[i].pattern, rows[i].path, rows[i].params);
	for (size_t i = 0; i < sizeof(grouped) / sizeof(*grouped); i++)
		expect(grouped[i].group, grouped[i].own, grouped[i].path, grouped[i].params);
}

static void test_bad_patterns(void **state)
{
	static const struct {
		const char *pattern, *why;
	} bad[] = {
		{ "", "begins with" },
		{ "abc", "begins with" },
		{ "/a*b", "'*' may stand" },
		{ "/*/b", "'*' may stand" },
		{ "*a*", "'*' may stand" },
		{ "//", "'//'" },
		{ "/a//b", "'//'" },
		{ "/:a//*", "'//'" },
		{ "/a/../b/*", "'..'" },
		{ "/./a", "'.'" },
		{ "/a/..", "'.'" },
		{ "/caf%C3%A9", "decoded" },
		{ "/:a/%41*", "decoded" },
		{ "/:", "letters" },
		{ "/:a-b", "letters" },
		{ "/:1", "letters" },
		{ "/:a/:a", "same name" },
		{ "/x/:a/y*", "whole segments" },
		{ "/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p", "15 at most" },
		{ "~^/x(", "missing closing parenthesis (at offset 4 of the expression)" },
		{ "~()()()()()()()()()()()()()()()()", "15 together" },
		{ "~(?<a>x)(?<b>x)(?<c>x)(?<d>x)(?<e>x)(?<f>x)(?<g>x)(?<h>x)", "15 together" },
		{ "~(*UTF)x", "offset" },
	};
	struct arena a;
	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct route_pattern p;
		char why[PATTERN_WHY] = "";
		const char *wanted = bad[i].why;
		if (bad[i].pattern[0] == '~' && !regex_library())
			wanted = "not built in";
		if (pattern_compile(SLICE_NONE, slice_str(bad[i].pattern), &a, &p, why) !=
			ERR_SYNTAX ||
		    !strstr(why, wanted))
			fail_msg("'%s': %s", bad[i].pattern, why);
	}
	arena_fini(&a);
}

/* Each "a" may belong to either star: 2^40 ways to fail. */
static const char explosive[] = "~^/(?:a|a)*(?:a|a)*(?:a|a)*$";

static void test_limits(void **state)
{
	struct arena a;
	struct route_pattern p;
	struct exchange x = { .param_count = 0 };
	char why[PATTERN_WHY], path[8192];
	(void)state;
	if (!regex_library())
		skip();
	arena_init(&a);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[60] = 'b';
	assert_int_equal(pattern_compile(SLICE_NONE, slice_str(explosive), &a, &p, why), OK);
	assert_int_equal(pattern_match(&p, slice_of(path, 61), &x), MATCH_UNDECIDED);
	assert_int_equal(x.param_count, 0);
	/* Nothing of it stays behind. */
	assert_int_equal(pattern_match(&p, SLICE("/aa"), &x), MATCH_YES);
	pattern_release(&p);
	/* What people write is decided for the longest path there is. */
	static const char *const usual[] = { "~^/(.*)/b$", "~^/a+b", "~(?:x|a)*$",
		"~^/[^/]*/[^/]*$" };
	path[60] = 'a';
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		assert_int_equal(pattern_compile(SLICE_NONE, slice_str(usual[i]), &a, &p, why), OK);
		if (pattern_match(&p, slice_of(path, sizeof(path)), &x) == MATCH_UNDECIDED)
			fail_msg("%s", usual[i]);
		pattern_release(&p);
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

enum {
	GET = 1u << METHOD_GET | 1u << METHOD_HEAD,
	POST = 1u << METHOD_POST,
	PUT = 1u << METHOD_PUT
};

/* A site with these routes, tried in this order. */
static struct route make_route(
    const char *pattern, const char *host, unsigned methods, struct arena *a)
{
	struct route_pattern *p = arena_alloc(a, sizeof(*p));
	char why[PATTERN_WHY];
	assert_int_equal(pattern_compile(SLICE_NONE, slice_str(pattern), a, p, why), OK);
	return (struct route){ .pattern = slice_str(pattern),
		.compiled = p,
		.host = slice_str(host),
		.methods = methods };
}

static void make_site(struct site *site, struct route *routes, unsigned count, struct arena *a)
{
	*site = (struct site){ .routes = routes, .route_count = count };
	site->index = route_index_new(routes, count, a);
}

static void test_order(void **state)
{
	struct arena a;
	struct site site;
	(void)state;
	arena_init(&a);
	struct route routes[] = {
		make_route("/x", "other.example.org", 0, &a),
		make_route("/x", NULL, POST, &a),
		make_route("/x", NULL, GET, &a),
		make_route("/:any", NULL, PUT, &a),
	};
	make_site(&site, routes, 4, &a);
	struct exchange x = { 0 };
	struct request r = { .app_state = &x, .path = SLICE("/x"), .host = SLICE("example.org") };
	unsigned allow = 7;

	r.method = METHOD_GET;
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[2]);
	assert_int_equal(allow, POST); /* what routes before it would have taken */
	r.method = METHOD_HEAD;
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[2]);
	r.method = METHOD_POST;
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[1]);
	r.method = METHOD_PUT;
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[3]);
	assert_int_equal(allow, GET | POST);
	assert_true(slice_eq(exchange_param(&r, SLICE("any")), SLICE("x")));
	assert_null(exchange_param(&r, SLICE("other")).ptr);
	r.method = METHOD_DELETE;
	assert_null(route_match(&site, &r, &allow));
	assert_int_equal(allow, GET | POST | PUT);
	assert_int_equal(x.param_count, 0);
	assert_ptr_equal(route_find(&site, &r), &routes[1]);
	r.host = SLICE("other.example.org");
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[0]);
	r.path = SLICE("/a/b");
	assert_null(route_match(&site, &r, &allow));
	assert_int_equal(allow, 0);
	arena_fini(&a);
}

/* What an expression can not decide is answered by nobody behind it. */
static void test_undecided(void **state)
{
	struct arena a;
	struct site site;
	char path[60];
	(void)state;
	if (!regex_library())
		skip();
	arena_init(&a);
	struct route routes[] = {
		make_route("/aaa", NULL, 0, &a),
		make_route(explosive, NULL, 0, &a),
		make_route("/*", NULL, 0, &a),
	};
	make_site(&site, routes, 3, &a);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = 'b';
	struct exchange x = { 0 };
	struct request r = { .app_state = &x, .path = slice_of(path, sizeof(path)) };
	unsigned allow = 7;
	r.method = METHOD_GET;
	assert_ptr_equal(route_match(&site, &r, &allow), &site.undecided);
	assert_int_equal(allow, 0);
	r.path = SLICE("/aaa");
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[0]);
	r.path = SLICE("/b");
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[2]);
	pattern_release(routes[1].compiled);
	arena_fini(&a);
}

static unsigned tries(const struct site *site, const char *path)
{
	struct route_walk walk;
	unsigned count = 0;
	route_walk_start(&walk, site->index, slice_str(path));
	while (route_walk_next(&walk) >= 0)
		count++;
	return count;
}

/* How many routes are tried does not depend on how many there are. */
static void test_many(void **state)
{
	enum { MANY = 10000 };
	struct arena a;
	struct site site;
	struct exchange x = { 0 };
	struct request r = { .app_state = &x, .method = METHOD_GET };
	unsigned allow;
	(void)state;
	arena_init(&a);
	struct route *routes = arena_alloc(&a, (MANY + 2) * sizeof(*routes));
	for (int i = 0; i < MANY; i++) {
		const char *between = i % 4 ? "" : "/:id";
		routes[i] = make_route(arena_printf(&a, "/r%d%s/x", i, between), NULL, 0, &a);
	}
	routes[MANY] = make_route("*.php", NULL, 0, &a);
	routes[MANY + 1] = make_route("/*", NULL, 0, &a);
	make_site(&site, routes, MANY + 2, &a);
	assert_int_equal(tries(&site, "/r7/x"), 3);
	assert_int_equal(tries(&site, "/r8/7/x"), 3);
	assert_int_equal(tries(&site, "/none"), 2);
	for (int i = 0; i < MANY; i += 97) {
		r.path = slice_str(arena_printf(&a, "/r%d%s/x", i, i % 4 ? "" : "/8"));
		assert_ptr_equal(route_match(&site, &r, &allow), &routes[i]);
	}
	r.path = SLICE("/r8/7/y");
	assert_ptr_equal(route_match(&site, &r, &allow), &routes[MANY + 1]);
	arena_fini(&a);
}

/* The definition: one after the other. */
static struct route *match_plainly(struct site *site, struct request *r, unsigned *allow_out)
{
	*allow_out = 0;
	for (unsigned i = 0; i < site->route_count; i++) {
		enum route_verdict v = route_try(&site->routes[i], r);
		if (v == ROUTE_ANSWERS)
			return &site->routes[i];
		if (v == ROUTE_OTHER_METHOD)
			*allow_out |= site->routes[i].methods;
	}
	exchange_of(r)->param_count = 0;
	return NULL;
}

static uint64_t random_state;

static unsigned below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

static const char *any_of(const char *const *list)
{
	unsigned n = 0;
	while (list[n])
		n++;
	return list[below(n)];
}

/* Few words, so that they meet. */
static const char *random_path(struct arena *a, bool pattern)
{
	static const char *const words[] = { "a", "b", "ab", "c.php", "a.b", NULL };
	char *path = arena_strdup(a, "");
	bool deep = below(4) == 0; /* then of one word, so that they still meet */
	unsigned params = 0, depth = below(deep ? 12 : 4);
	for (unsigned i = 0; i < depth; i++)
		path = pattern && below(5) == 0
			   ? arena_printf(a, "%s/:p%u", path, params++)
			   : arena_printf(a, "%s/%s", path, deep ? "a" : any_of(words));
	if (pattern && below(5) == 0)
		return arena_printf(a, "%s/*", path);
	if (pattern && params == 0 && below(9) == 0)
		return arena_printf(a, "%s/a*", path);
	return *path && below(6) ? path : arena_printf(a, "%s/", path);
}

static struct route random_route(struct arena *a)
{
	static const char *const expressions[] = { "~^/a", "~b$", "~^/(.*)/(?<n>.)$", "~\\.php",
		NULL };
	static const char *const endings[] = { "*", "*.php", "*b", "*/", NULL };
	static const char *const hosts[] = { NULL, "example.org", "*.example.org",
		"www.example.org" };
	static const unsigned methods[] = { 0, 0, GET, POST, GET | PUT };
	static const char *const groups[] = { "", "", "/a", "/a/b", "/:g", "/a/:g/b", NULL };
	struct route_pattern *p = arena_alloc(a, sizeof(*p));
	char why[PATTERN_WHY];
	const char *own = below(5) == 0 ? any_of(endings) : random_path(a, true);
	if (below(8) == 0 && regex_library())
		own = any_of(expressions);
	const char *group = any_of(groups);
	if (own[0] == '/' && own[strlen(own) - 1] == '*' && own[strlen(own) - 2] != '/')
		group = "/a"; /* beside parameters there is no such path */
	if (pattern_compile(slice_str(group), slice_str(own), a, p, why) < 0)
		fail_msg("'%s' '%s': %s", group, own, why);
	return (struct route){ .pattern = slice_str(arena_printf(a, "%s %s", group, own)),
		.compiled = p,
		.host = slice_str(hosts[below(4)]),
		.methods = methods[below(5)] };
}

static bool same_params(const struct exchange *x, const struct exchange *y)
{
	for (unsigned i = 0; i < x->param_count && i < y->param_count; i++)
		if (!slice_eq(x->params[i].name, y->params[i].name) ||
		    x->params[i].value.ptr != y->params[i].value.ptr ||
		    x->params[i].value.len != y->params[i].value.len)
			return false;
	return x->param_count == y->param_count;
}

static void compare(struct site *site, struct request *r)
{
	struct exchange x = { 0 }, y = { 0 };
	unsigned allow_x, allow_y;
	r->app_state = &x;
	struct route *wanted = match_plainly(site, r, &allow_x);
	r->app_state = &y;
	struct route *got = route_match(site, r, &allow_y);
	if (wanted != got || allow_x != allow_y || !same_params(&x, &y))
		fail_msg(SLICE_FMT ": wanted " SLICE_FMT " allow %x, got " SLICE_FMT " allow %x",
		    SLICE_ARG(r->path), SLICE_ARG(wanted ? wanted->pattern : SLICE("none")),
		    allow_x, SLICE_ARG(got ? got->pattern : SLICE("none")), allow_y);
}

static void test_against_definition(void **state)
{
	enum { TABLES = 400, REQUESTS = 100 };
	static const char *const hosts[] = { "example.org", "www.example.org", "a.b", NULL };
	(void)state;
	random_state = 0x9e3779b97f4a7c15;
	for (int t = 0; t < TABLES; t++) {
		struct arena a;
		struct site site;
		struct route routes[40];
		unsigned count = 1 + below(40);
		arena_init(&a);
		for (unsigned i = 0; i < count; i++)
			routes[i] = random_route(&a);
		make_site(&site, routes, count, &a);
		for (int i = 0; i < REQUESTS; i++) {
			static const enum http_method methods[] = { METHOD_GET, METHOD_HEAD,
				METHOD_POST, METHOD_PUT, METHOD_OPTIONS, METHOD_OTHER };
			struct request r = { .method = methods[below(6)] };
			r.path = slice_str(random_path(&a, false));
			r.host = slice_str(any_of(hosts));
			compare(&site, &r);
		}
		for (unsigned i = 0; i < count; i++)
			pattern_release(routes[i].compiled);
		arena_fini(&a);
	}
}

/* As systemd's MemoryDenyWriteExecute has it: in a child, since it is for good. */
static void test_without_translation(void **state)
{
	(void)state;
	if (!regex_library())
		skip();
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct arena a = { 0 };
		struct route_pattern p;
		struct exchange x = { .param_count = 0 };
		char why[PATTERN_WHY];
		if (prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0) < 0)
			_exit(77);
		if (pattern_compile(SLICE_NONE, SLICE("~^/(a+)b$"), &a, &p, why) < 0)
			_exit(1);
		_exit(pattern_match(&p, SLICE("/aab"), &x) == MATCH_YES && x.param_count == 1 ? 0
											      : 2);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* before Linux 6.3 */
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_bad_patterns),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_undecided),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_against_definition),
		cmocka_unit_test(test_without_translation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
