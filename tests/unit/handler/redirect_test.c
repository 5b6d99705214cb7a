/*
 * redirect_test.c - where redirects lead, and where they never do.
 */
#include "handler/redirect.h"

#include "../app/fake_wire.h"
#include "app/regex.h"
#include "config/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static const struct handler *const handlers[] = { &redirect_handler, NULL };
static const struct middleware *const middleware[] = { NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &redirect_group, NULL };
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

static void route(const char *path, const char *settings)
{
	char config[1024];
	snprintf(config, sizeof(config), "sites = ( { routes = ( { path = \"%s\"; %s } ); } );",
	    path, settings);
	fake_worker_config(&worker, config);
}

struct answer {
	int status;
	char location[512];
};

static struct answer ask(const char *path)
{
	struct fake_request f;
	struct answer a = { 0 };
	fake_request_init(&f, worker.sites, path);
	fake_request_field(&f, "X-Evil", "evil.example.com/");
	fake_request_start(&f);
	a.status = f.r.response.status;
	const char *location = fake_response_field(&f, "Location");
	snprintf(a.location, sizeof(a.location), "%s", location ? location : "");
	fake_request_fini(&f);
	return a;
}

struct leads {
	const char *pattern;
	const char *target;
	const char *path;
	const char *location; /* NULL: 404 */
};

static void check_leads(const struct leads *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char settings[512];
		snprintf(settings, sizeof(settings), "redirect = \"%s\";", rows[i].target);
		route(rows[i].pattern, settings);
		struct answer a = ask(rows[i].path);
		const char *wanted = rows[i].location ? rows[i].location : "";
		if (a.status != (rows[i].location ? 302 : 404) || strcmp(a.location, wanted) != 0)
			fail_msg("%s at %s: %d %s, not %s", rows[i].target, rows[i].path, a.status,
			    a.location, wanted);
	}
}
#define CHECK_LEADS(rows) check_leads(rows, sizeof(rows) / sizeof(*(rows)))

static void test_captures(void **state)
{
	static const struct leads rows[] = {
		{ "/old", "/new", "/old", "/new" },
		{ "/old/*", "/new/${*}", "/old/a/b", "/new/a/b" },
		{ "/old/*", "/new/${*}", "/old/", "/new/" },
		{ "/:user/posts/:id", "/p/${id}/by/${user}", "/eve/posts/7", "/p/7/by/eve" },
		{ "*.htm", "${*}.html", "/a/b.htm", "/a/b.html" },
		{ "/*", "https://www.example.org${path}", "/a/b", "https://www.example.org/a/b" },
		{ "/*", "${scheme}://www.${host}/${*}", "/a", "http://www.example.org/a" },
		{ "/u/:name", "https://${name}.example.org", "/u/eve", "https://eve.example.org" },
		{ "/*", "//cdn.example.org/${*}", "/x.js", "//cdn.example.org/x.js" },
		{ "/a/*", "b/${*}", "/a/c", "b/c" },
		{ "/mail", "tel:+112", "/mail?x", "tel:+112" },
	};
	(void)state;
	CHECK_LEADS(rows);
}

/* The path is decoded when it comes here, so what has to be is encoded again. */
static void test_encoding(void **state)
{
	static const struct leads rows[] = {
		{ "/old/*", "/new/${*}", "/old/a b\xc3\xa4%#", "/new/a%20b%C3%A4%25%23" },
		{ "/old/*", "/new/${*}", "/old/@eve;v=1,2:3+4&5!'()$",
		    "/new/@eve;v=1,2:3+4&5!'()$" },
		{ "/old/*", "/find?q=${*}&x=1", "/old/a&b=c+d", "/find?q=a%26b%3Dc%2Bd&x=1" },
		{ "/old/*", "/new#${*}", "/old/a#b", "/new#a%23b" },
		{ "/old/*", "/new/${*}", "/old/a\r\nSet-Cookie: x=1",
		    "/new/a%0D%0ASet-Cookie:%20x=1" },
		{ "/old/*", "/new/${*}", "/old/\\a\x01\"<>", "/new/%5Ca%01%22%3C%3E" },
	};
	(void)state;
	CHECK_LEADS(rows);
}

static void test_query(void **state)
{
	static const struct leads rows[] = {
		{ "/old", "/new", "/old?a=1&b=%20", "/new?a=1&b=%20" },
		{ "/old", "/new", "/old?", "/new?" },
		{ "/old", "/new?c=2", "/old?a=1", "/new?c=2" },
		{ "/old", "/new?", "/old?a=1", "/new" },
		{ "/old", "/new?${query}&c=2", "/old?a=1", "/new?a=1&c=2" },
		{ "/old", "/new?${query}", "/old", "/new" },
		{ "/old", "/new/${query}", "/old?a=1", "/new/a=1" },
		{ "/old", "/new#top", "/old?a=1", "/new?a=1#top" },
		{ "/old", "https://example.org", "/old?a=1", "https://example.org?a=1" },
		{ "/old", "?b", "/old?a=1", "?b" },
	};
	(void)state;
	CHECK_LEADS(rows);
}

/* Whatever a client puts into the path: the host is the operator's. */
static void test_open_redirect(void **state)
{
	static const struct leads rows[] = {
		{ "/go/*", "${*}", "/go/evil.example.com", "/evil.example.com" },
		{ "/go/*", "${*}", "/go/https:/evil.example.com", "/https:/evil.example.com" },
		{ "/go/*", "${*}", "/go/\\evil.example.com", "/%5Cevil.example.com" },
		{ "/*", "/${path}", "/evil.example.com", "/evil.example.com" },
		{ "/*", "//example.org${path}", "/.evil.example.com",
		    "//example.org/.evil.example.com" },
		{ "*.htm", "/${*}", "/evil.example.com/x.htm", "/evil.example.com/x" },
		{ "/go/*", "x${*}", "/go/:a", "x%3Aa" },
		{ "/*", "${http_x_evil}", "/", "/evil.example.com/" },
		{ "/*", "${http_none}${path}", "/a", "/a" },
		{ "/u/*", "https://${*}.example.org/", "/u/evil.example.com/", NULL },
		{ "/u/*", "https://${*}.example.org/", "/u/evil.example.com#", NULL },
		{ "/u/*", "https://${*}.example.org/", "/u/evil.example.com:80", NULL },
		{ "/u/*", "https://${*}.example.org/", "/u/user@", NULL },
		{ "/u/*", "https://${*}.example.org/", "/u/", NULL },
		{ "/u/*", "https://${*}.example.org/", "/u/a.b", "https://a.b.example.org/" },
	};
	(void)state;
	CHECK_LEADS(rows);
}

/* No byte of a path leaves its place: the URL begins with one slash, and has nothing in it that
 * ends a path or a field. */
static void test_every_byte(void **state)
{
	static const char *const patterns[] = { "/*", "/a/*", "/:x", "*.b" };
	static const char *const targets[] = { "${*}", "/${*}", "/c${*}", "${path}" };
	(void)state;
	for (size_t p = 0; p < sizeof(patterns) / sizeof(*patterns); p++) {
		char settings[64];
		snprintf(settings, sizeof(settings), "redirect = \"%s\";",
		    p == 2 ? "/${x}" : targets[p]);
		route(patterns[p], settings);
		for (unsigned c = 1; c < 256; c++) {
			char path[16];
			if (c == '?')
				continue; /* the fake wire takes it for the query's */
			snprintf(path, sizeof(path), "/%s%c%c.b", p == 1 ? "a/" : "", c, c);
			struct answer a = ask(path);
			if (a.status == 404)
				continue; /* a slash is no segment */
			assert_int_equal(a.status, 302);
			assert_int_equal(a.location[0], '/');
			assert_int_not_equal(a.location[1], '/');
			assert_int_equal(
			    strcspn(a.location, "\r\n\t \\?#\"<>"), strlen(a.location));
		}
	}
}

static void test_expressions(void **state)
{
	static const struct leads rows[] = {
		{ "~^/u/(.*)$", "/v/${1}", "/u/a b", "/v/a%20b" },
		{ "~^/u(/.*)$", "${1}", "/u/x", "/x" },
		{ "~^/u(/.*)$", "https://example.org/${1}", "/u/x", "https://example.org/x" },
	};
	(void)state;
	if (!regex_library())
		skip();
	CHECK_LEADS(rows);
}

static void test_explained(void **state)
{
	struct fake_request f;
	char text[128];
	(void)state;
	route("/u/*", "redirect = \"https://${*}.example.org/\"; status = 301;");
	fake_request_init(&f, worker.sites, "/u/a");
	fake_request_start(&f);
	const struct route *chosen = exchange_of(&f.r)->route;
	chosen->handler->explain(&f.r, chosen->handler_state, text, sizeof(text));
	assert_string_equal(text, "answers 301, to https://a.example.org/");
	exchange_of(&f.r)->params[0].value = SLICE("/");
	chosen->handler->explain(&f.r, chosen->handler_state, text, sizeof(text));
	assert_string_equal(text, "answers 404: no URL comes out for the redirect");
	fake_request_fini(&f);
}

static void test_group(void **state)
{
	(void)state;
	fake_worker_config(&worker,
	    "sites = ( { routes = ( { path = \"/old\"; status = 301; routes = ("
	    "{ path = \"/a\"; redirect = \"/b\"; },"
	    "{ path = \"/*\"; redirect = \"/c/${*}\"; status = 307; } ); } ); } );");
	assert_int_equal(ask("/old/a").status, 301);
	assert_int_equal(ask("/old/x").status, 307);
	assert_string_equal(ask("/old/x").location, "/c/x");
}

static void test_answer(void **state)
{
	struct fake_request f;
	(void)state;
	route("/old/*", "redirect = \"/new/${*}\"; status = 308;");
	fake_request_init(&f, worker.sites, "/old/'a&b'");
	fake_request_method(&f, METHOD_POST);
	fake_request_start(&f);
	assert_int_equal(f.r.response.status, 308);
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/html; charset=utf-8");
	assert_non_null(strstr(f.content.data, "<title>308 Permanent Redirect</title>"));
	assert_non_null(strstr(f.content.data, "<a href=\"/new/&#39;a&amp;b&#39;\">"));
	size_t len = f.content.len;
	fake_request_fini(&f);

	fake_request_init(&f, worker.sites, "/old/'a&b'");
	fake_request_method(&f, METHOD_HEAD);
	fake_request_start(&f);
	assert_int_equal(f.content.len, 0);
	assert_int_equal(f.r.response.length, len);
	fake_request_fini(&f);
}

static void test_statuses(void **state)
{
	static const int good[] = { 301, 302, 303, 307, 308 };
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char settings[64];
		snprintf(settings, sizeof(settings), "redirect = \"/x\"; status = %d;", good[i]);
		route("/", settings);
		assert_int_equal(ask("/").status, good[i]);
	}
}

static void test_long(void **state)
{
	static char path[8000];
	(void)state;
	route("/old/*", "redirect = \"/${*}\";");
	memset(path, ' ', sizeof(path) - 1);
	memcpy(path, "/old/", 5);
	assert_int_equal(ask(path).status, 414);
}

static void expect_mistake(const char *settings, const char *wanted)
{
	char config[512];
	snprintf(config, sizeof(config),
	    "sites = ( { routes = ( { path = \"/u/:name/*\"; %s } ); } );", settings);
	const char *lines = fake_worker_mistakes(&worker, config);
	if (!strstr(lines, wanted))
		fail_msg("%s: '%s', not '%s'", settings, lines, wanted);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *target, *wanted;
	} rows[] = {
		{ "", "it is empty" },
		{ "/a b", "a URL has no spaces" },
		{ "/\\\\evil", "a URL has no spaces" },
		{ "/\\r\\nX: y", "a URL has no spaces" },
		{ "/\xc3\xa4", "letters beyond ASCII" },
		{ "/%2", "two hexadecimal digits" },
		{ "/${nmae}", "unknown variable" },
		{ "/${name", "without '}'" },
		{ "https:///x", "no host stands behind" },
		{ "https:/example.org/", "\"//\" and a host" },
		{ "${scheme}:${path}", "\"//\" and a host" },
		{ "https://${*}", "clients could choose the host" },
		{ "https://example.org${*}", "clients could choose the host" },
		{ "https://www.${name}", "clients could choose the host" },
		{ "https://${name}example.org/", "clients could choose the host" },
		{ "https://${name}${host}/", "clients could choose the host" },
		{ "https://${name}./", "clients could choose the host" },
		{ "https://example.org:${name}/", "clients could choose the host" },
		{ "//${http_host}/", "clients could choose the host" },
		{ "https://user,example.org/", "a host is letters" },
		{ "https://example.org${target}", "use ${path}" },
		{ "x${name}://example.org/", "a ':' before the first '/'" },
		{ "www.example.org", "it looks like a host" },
		{ "example.org/x", "it looks like a host" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char settings[256];
		snprintf(settings, sizeof(settings), "redirect = \"%s\";", rows[i].target);
		expect_mistake(settings, rows[i].wanted);
	}
	expect_mistake("redirect = \"/\"; status = 304;", "status: 304 is not of a redirect");
	expect_mistake("redirect = \"/\"; status = \"301\";", "is not a whole number");
	assert_non_null(
	    strstr(fake_worker_mistakes(&worker,
		       "sites = ( { routes = ( { path = \"/a\"; redirect = \"/a?b\"; } ); } );"),
		"redirect: '/a?b' is this very route"));
	assert_string_equal(
	    fake_worker_mistakes(&worker, "sites = ( { routes = ( { path = \"/a\"; methods = "
					  "\"POST\"; redirect = \"/a\"; status = 303; } ); } );"),
	    "");
	expect_mistake("status = 301;", "status: goes with a redirect");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_open_redirect),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
