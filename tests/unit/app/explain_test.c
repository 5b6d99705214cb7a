/*
 * explain_test.c - what is explained is what happens: random configurations and requests, each
 * explained and then answered; and what a URL becomes.
 */
#include "app/explain.h"

#include "app/compress.h"
#include "app/guard.h"
#include "app/https.h"
#include "app/regex.h"
#include "config/core.h"
#include "fake_wire.h"
#include "handler/files.h"
#include "handler/redirect.h"
#include "handler/respond.h"
#include "http/target.h"
#include "middleware/access.h"
#include "middleware/cors.h"
#include "middleware/errors.h"
#include "middleware/https.h"
#include "net/transport.h"
#include "tls/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

/* Who has answered; "chain" if nobody of these did. */
static const char *answered_by;

static enum step by_name(const char *name, enum step result)
{
	if (result == STEP_ANSWERED)
		answered_by = name;
	return result;
}

static enum step enter_https(struct request *r, void *state)
{
	return by_name("https", https_middleware.enter(r, state));
}

static enum step enter_access(struct request *r, void *state)
{
	return by_name("access", access_middleware.enter(r, state));
}

static enum step enter_cors(struct request *r, void *state)
{
	return by_name("cors", cors_middleware.enter(r, state));
}

static void handle_files(struct request *r, void *state)
{
	answered_by = "files";
	files_handler.handle(r, state);
}

static void handle_redirect(struct request *r, void *state)
{
	answered_by = "redirect";
	redirect_handler.handle(r, state);
}

static void handle_respond(struct request *r, void *state)
{
	answered_by = "respond";
	respond_handler.handle(r, state);
}

static struct middleware https, access_, cors, errors;
static struct handler files, redirect, respond;
static const struct handler *const handlers[] = { &files, &redirect, &respond, NULL };
static const struct middleware *const middleware[] = { &https, &access_, &cors, &errors, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &https_group, &tls_group, &route_group,
	&files_group, &file_cache_group, &redirect_group, &respond_group, &access_group,
	&errors_group, &compress_group, &cors_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static int setup(void **state)
{
	static struct fake_worker w;
	https = https_middleware;
	https.enter = enter_https;
	access_ = access_middleware;
	access_.enter = enter_access;
	cors = cors_middleware;
	cors.enter = enter_cors;
	errors = errors_middleware;
	files = files_handler;
	files.handle = handle_files;
	redirect = redirect_handler;
	redirect.handle = handle_redirect;
	respond = respond_handler;
	respond.handle = handle_respond;
	fake_worker_init(&w, &modules, true);
	fake_file(&w, "index.html", "hello");
	fake_file(&w, "a/index.html", "hello");
	fake_file(&w, "a/b/c", "no index");
	fake_file(&w, "ab.txt", "text");
	fake_file(&w, "x.php", "text");
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	fake_worker_fini(*state);
	return 0;
}

/* Chance. */

static uint64_t seed = 20260101;

static unsigned below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static const char *any_of(const char *const *list)
{
	unsigned n = 0;
	while (list[n])
		n++;
	return list[below(n)];
}

static void put(struct buf *out, const char *text)
{
	assert_int_equal(buf_append(out, slice_str(text)), OK);
}

static void put_path(struct buf *out, bool route)
{
	static const char *const words[] = { "a", "b", "a", "ab.txt", "x.php", "index.html", "c",
		"", NULL };
	static const char *const params[] = { ":p", ":q", ":r", ":s", NULL };
	unsigned depth = below(4);
	for (unsigned i = 0; i < depth; i++) {
		put(out, "/");
		put(out, route && below(4) == 0 ? params[i] : any_of(words));
	}
	put(out, route && below(3) == 0 ? "/*" : depth == 0 ? "/" : "");
}

static void put_settings(struct buf *out)
{
	static const char *const some[] = { "allow = \"192.0.2.0/24\"; ", "deny = \"192.0.2.1\"; ",
		"deny = \"all\"; ", "cors = { origins = \"https://example.com\"; }; ", NULL };
	if (below(5) == 0)
		put(out, any_of(some));
}

static void put_handler(struct buf *out)
{
	static const char *const some[] = { "files = { }; ", "files = { listing = true; }; ",
		"files = { fallback = \"/index.html\"; }; ", "files = { root = \"@/a\"; }; ",
		"files = { try = [ \"$path\", \"$path.txt\", \"/x.php\" ]; }; ",
		"redirect = \"/a\"; status = 308; ", "redirect = \"/b?x=1\"; ",
		"respond = { status = 410; }; ", "respond = { body = \"hello\"; }; ", NULL };
	static const char *const methods[] = { "\"GET\"", "\"POST\"", "[ \"GET\", \"PUT\" ]",
		"\"OPTIONS\"", NULL };
	const char *handler = any_of(some);
	put(out, handler);
	if (below(4) == 0)
		assert_int_equal(buf_printf(out, "methods = %s; ", any_of(methods)), OK);
}

static void put_own_path(struct buf *out)
{
	static const char *const open[] = { "*.php", "*", "~^/a", "~b(.)?", "~^/(?:a|a)*(?:a|a)*$",
		NULL };
	if (below(5) == 0) {
		const char *path = any_of(open);
		put(out, path[0] == '~' && !regex_library() ? "*.txt" : path);
	} else {
		put_path(out, true);
	}
}

static void put_routes(struct buf *out, unsigned depth)
{
	static const char *const hosts[] = { "a.example.org", "*.example.org", NULL };
	unsigned count = 1 + below(4);
	put(out, "routes = (");
	for (unsigned i = 0; i < count; i++) {
		put(out, i ? ",\n { " : "\n { ");
		put_settings(out);
		if (depth < 3 && below(4) == 0) {
			put(out, below(2) ? "path = \"/a\"; " : "");
			put_routes(out, depth + 1);
		} else {
			if (below(8) == 0)
				assert_int_equal(
				    buf_printf(out, "host = \"%s\"; ", any_of(hosts)), OK);
			put(out, "path = \"");
			put_own_path(out);
			put(out, "\"; ");
			put_handler(out);
		}
		put(out, "}");
	}
	put(out, " ); ");
}

static void make_config(struct buf *out)
{
	static const char *const names[] = { "names = [ \"example.org\", \"*.example.org\" ]; ",
		"names = \"a.example.org\"; ", "" };
	buf_clear(out);
	put(out, "listen = ( { port = 8080; }, { port = 8443; tls = \"self\"; } );\nsites = (");
	for (unsigned i = 0; i < 3; i++) {
		put(out, i ? ",\n{ " : "{ ");
		put(out, names[i]);
		put(out, "root = \"@\"; ");
		put(out, below(5) == 0 ? "redirect_https = true; " : "");
		put(out,
		    below(5) == 0 ? "errors = ( { status = 404; file = \"/ab.txt\"; } ); " : "");
		put_settings(out);
		if (below(6))
			put_routes(out, 0);
		put(out, "}");
	}
	put(out, ");");
}

/* Some have a route that no request can reach, or the like: then another one. */
static void configure(struct fake_worker *w, struct buf *text)
{
	do
		make_config(text);
	while (strstr(fake_worker_mistakes(w, text->data), "conf"));
	fake_worker_config(w, text->data);
}

struct wish {
	struct buf path;
	enum http_method method;
	const char *host;
	bool secure, astray;
	const struct security *security;
	uint32_t peer;
	const char *announced; /* the request is a CORS preflight; NULL: it is not */
};

static void make_wish(struct wish *wish)
{
	static const char *const hosts[] = { "example.org", "a.example.org", "b.example.org",
		"example.com", NULL };
	static const char *const announced[] = { "GET", "PUT", "DELETE", NULL };
	static const struct security elsewhere = { .identity = &hosts, .fallback = NULL };
	static const enum http_method methods[] = { METHOD_GET, METHOD_GET, METHOD_GET, METHOD_HEAD,
		METHOD_POST, METHOD_PUT, METHOD_OPTIONS, METHOD_OTHER };
	buf_clear(&wish->path);
	if (below(40) == 0)
		put(&wish->path, "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
	else
		put_path(&wish->path, false);
	put(&wish->path, below(5) ? "" : "?q=1");
	wish->method = methods[below(8)];
	wish->host = any_of(hosts);
	wish->secure = below(2);
	wish->astray = !wish->secure && below(20) == 0;
	wish->security = wish->secure && below(10) == 0 ? &elsewhere : NULL;
	wish->announced = wish->method == METHOD_OPTIONS && below(2) ? any_of(announced) : NULL;
	wish->peer = 0xc0000200 + below(3) * 0x80;
}

static void make_request(struct fake_request *f, const struct wish *wish, struct site_table *sites)
{
	struct target target;
	const char *reason;
	fake_request_init(f, sites, "/");
	fake_request_method(f, wish->method);
	f->r.target = buf_peek(&wish->path);
	assert_int_equal(
	    target_parse(f->r.target, wish->method, &f->r.arena, &target, &reason), OK);
	f->r.path = target.path;
	f->r.query = target.query;
	f->r.host = slice_str(wish->host);
	f->r.secure = wish->secure;
	f->r.astray = wish->astray;
	f->r.security = wish->security;
	if (wish->announced) {
		fake_request_field(f, "Origin", "https://example.com");
		fake_request_field(f, "Access-Control-Request-Method", wish->announced);
	}
	f->peer.v4.sin_addr.s_addr = htonl(wish->peer);
	f->peer.v4.sin_port = htons(8443);
}

static const char *answerer(const struct exchange *x)
{
	if (answered_by)
		return answered_by;
	if (x->route == &x->site->undecided)
		return "undecided";
	bool unrouted = x->route == &x->site->unrouted && x->unmatched && !x->allow;
	return unrouted ? "unrouted" : "chain";
}

static bool is_equal(const struct explanation *e, const struct fake_request *f)
{
	const struct exchange *x = exchange_of(&f->r);
	bool has_route =
	    !x->unmatched && x->route != &x->site->undecided && x->route != &x->site->unrouted;
	return e->site == x->site && e->route == (has_route ? x->route : NULL) &&
	       strcmp(e->by, answerer(x)) == 0 &&
	       (e->status == 0 || e->status == f->r.response.status);
}

/* Who answered how often, so that the test can not come to compare nothing. */
static struct {
	const char *by;
	unsigned count, known;
} tally[] = { { "https", 0, 0 }, { "access", 0, 0 }, { "cors", 0, 0 }, { "files", 0, 0 },
	{ "redirect", 0, 0 }, { "respond", 0, 0 }, { "unrouted", 0, 0 }, { "undecided", 0, 0 },
	{ "chain", 0, 0 } };

enum { TALLY = sizeof(tally) / sizeof(*tally) };

static void count(const struct explanation *e)
{
	for (unsigned i = 0; i < TALLY; i++) {
		if (strcmp(tally[i].by, e->by) != 0)
			continue;
		tally[i].count++;
		tally[i].known += e->status != 0;
	}
}

static void compare(struct fake_worker *w, const struct wish *wish, const struct buf *config)
{
	struct fake_request asked, live;
	struct explanation e;
	struct buf text;
	buf_init(&text, 1 << 16);
	make_request(&asked, wish, w->sites);
	explain_request(&asked.r, &text, &e);
	assert_int_equal(asked.starts, 0); /* it was asked, not answered */
	answered_by = NULL;
	make_request(&live, wish, w->sites);
	fake_request_start(&live);
	fake_request_finish(&live);
	if (!is_equal(&e, &live))
		fail_msg("%s\n%s http%s://%s%s: explained as %d by %s, live %d by %s\n%s",
		    config->data, method_name(wish->method), wish->secure ? "s" : "", wish->host,
		    wish->path.data, e.status, e.by, live.r.response.status,
		    answerer(exchange_of(&live.r)), text.data);
	count(&e);
	fake_request_fini(&live);
	response_fini(&asked.r);
	arena_fini(&asked.r.arena);
	buf_fini(&asked.content);
	buf_fini(&text);
}

static void test_equals_live(void **state)
{
	enum { CONFIGURATIONS = 250, REQUESTS = 40 };
	struct fake_worker *w = *state;
	struct wish wish = { 0 };
	struct buf config;
	buf_init(&config, 1 << 16);
	buf_init(&wish.path, 1 << 12);
	print_message("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < CONFIGURATIONS; i++) {
		configure(w, &config);
		for (int k = 0; k < REQUESTS; k++) {
			make_wish(&wish);
			compare(w, &wish, &config);
		}
	}
	for (unsigned i = 0; i < TALLY; i++) {
		bool expected = strcmp(tally[i].by, "undecided") != 0 || regex_library();
		print_message("%s: %u\n", tally[i].by, tally[i].count);
		assert_true(tally[i].count > 0 || !expected);
		assert_int_equal(tally[i].known, tally[i].count);
	}
	buf_fini(&config);
	buf_fini(&wish.path);
}

static const char url_config[] =
    "listen = ( { port = 80; }, { port = 443; tls = true; },\n"                        /* 1 */
    " { address = \"127.0.0.1\"; port = 80; }, { address = \"::1\"; port = 81; } );\n" /* 2 */
    "limits = { uri = 64; };\n"
    "sites = ( { names = \"example.org\"; root = \"@\"; tls = { certificate = \"@/a.pem\"; "
    "};\n"                                                                  /* 4 */
    "  routes = ( { path = \"/x\";\n methods = \"POST\"; files = { }; },\n" /* 5 */
    "  { path = \"/x\"; redirect = \"/${http_x_to}\"; } ); },\n"            /* 7 */
    " { names = \"b.example.org\"; root = \"@\"; tls = { certificate = \"@/b.pem\"; }; } );\n";

static const struct {
	struct explain_question question;
	int result;
	const char *says[5]; /* in this order */
} urls[] = {
	{ { .url = "http://example.org/x", .fields = (const char *[]){ "X-To: there", NULL } }, OK,
	    { "GET http://example.org/x\n", "listener    *:80 ", ".conf:1",
		"route       /x                            ", "no: it takes POST" } },
	{ { .url = "http://example.org/x", .fields = (const char *[]){ "X-To: there", NULL } }, OK,
	    { ".conf:5", "route       /x", ".conf:7", "yes\n",
		"answer      redirect: answers 302, to /there" } },
	{ { .url = "http://example.org/x", .method = "PUT" }, OK,
	    { "PUT http", "yes", "answer      redirect" } },
	{ { .url = "http://example.org/y#top" }, OK,
	    { "no: the path differs", "no: the path differs", "404 Not Found: no route" } },
	{ { .url = "http://example.org", .method = "OPTIONS" }, OK,
	    { "204 No Content: the path takes GET, HEAD, POST" } },
	{ { .url = "http://example.com?q" }, OK,
	    { "the default: no site has the name 'example.com'", "404" } },
	{ { .url = "http://127.0.0.1/" }, OK, { "listener    127.0.0.1:80 " } },
	{ { .url = "http://[::1]:81/" }, OK, { "listener    [::1]:81 " } },
	{ { .url = "http://127.0.0.1:81/" }, OK,
	    { "listener    *:80 ", "instead: no entry listens there on port 81" } },
	{ { .url = "http://example.org:443/" }, OK,
	    { "listener    *:443 HTTPS", "400 Bad Request: this port speaks HTTPS" } },
	{ { .url = "https://example.org/" }, OK, { "HTTPS", "tls         ", "/a.pem" } },
	{ { .url = "https://b.example.org/" }, OK, { "HTTPS", "tls         ", "/b.pem", "files" } },
	{ { .url = "https://b.example.org/",
	      .fields = (const char *[]){ "Host: example.org", NULL } },
	    OK, { "/b.pem", "by its name 'example.org'", "421 Misdirected" } },
	{ { .url = "https://127.0.0.1/" }, OK, { "/a.pem", "the default" } },
	{ { .url = "https://example.org:80/" }, ERR_NOTFOUND,
	    { "nobody: this listen entry does not speak HTTPS" } },
	{ { .url = "http://example.org/../x" }, ERR_NOTFOUND, { "400, before", "above the root" } },
	{ { .url = "http://example.org/a%2fb" }, ERR_NOTFOUND, { "400, before" } },
	{ { .url = "http://example.org/a b" }, ERR_NOTFOUND, { "400, before" } },
	{ { .url = "http://example.org/", .method = "TRACE" }, ERR_NOTFOUND, { "405, before" } },
	{ { .url = "http://example.org/", .fields = (const char *[]){ "Expect: x", NULL } },
	    ERR_NOTFOUND, { "417, before" } },
	{ { .url = "http://example.org/"
		   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	    ERR_NOTFOUND, { "414, before" } },
	{ { .url = "ftp://example.org/" }, ERR_SYNTAX, { "expected a URL" } },
	{ { .url = "http://a:b@example.org/" }, ERR_SYNTAX, { "Authorization" } },
	{ { .url = "http://exa mple.org/" }, ERR_SYNTAX, { "malformed host" } },
	{ { .url = "http:///" }, ERR_SYNTAX, { "malformed host" } },
	{ { .url = "http://a/", .method = "G T" }, ERR_SYNTAX, { "no word" } },
	{ { .url = "http://a/", .from = "here" }, ERR_SYNTAX, { "expected an address" } },
	{ { .url = "http://a/", .fields = (const char *[]){ "nonsense", NULL } }, ERR_SYNTAX,
	    { "'Field: value'" } },
	{ { .url = "http://a/", .fields = (const char *[]){ "Host: a b", NULL } }, ERR_SYNTAX,
	    { "malformed Host" } },
};

static void test_urls(void **state)
{
	struct fake_worker *w = *state;
	struct app_worker kept = app_worker;
	struct buf text;
	buf_init(&text, 1 << 16);
	fake_worker_config(w, url_config);
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		char why[EXPLAIN_WHY] = "";
		buf_clear(&text);
		put(&text, "");
		int rc = explain_url(w->snapshot, &modules, &urls[i].question, &text, why);
		const char *rest = rc == ERR_SYNTAX ? why : text.data;
		if (rc != urls[i].result)
			fail_msg("%s: %d %s", urls[i].question.url, rc, rest);
		for (int k = 0; k < 5 && urls[i].says[k]; k++) {
			const char *found = strstr(rest, urls[i].says[k]);
			if (!found)
				fail_msg(
				    "%s: '%s' in\n%s", urls[i].question.url, urls[i].says[k], rest);
			rest = found;
		}
	}
	buf_fini(&text);
	app_worker = kept;
}

/* What comes from the command line does nothing to a terminal. */
static void test_printable(void **state)
{
	struct buf out;
	struct config_place place = { .source = "default" };
	(void)state;
	buf_init(&out, 1 << 10);
	explain_line(&out, "route", "/\x1b[31m\n\xff\xc3\xa9", &place, "why");
	assert_string_equal(out.data,
	    "route       /\\x1b[31m\\x0a\\xff\xc3\xa9           default             why\n");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equals_live),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_printable),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
