/*
 * auth_request_test.c - another route says who passes: at once, later, never, or nonsense.
 */
#include "middleware/auth.h"

#include "../app/fake_wire.h"
#include "app/auth.h"
#include "app/compress.h"
#include "app/guard.h"
#include "config/core.h"
#include "http/response.h"
#include "tls/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

/* What the oracle was asked last, and who still waits for it. */
static char heard[1024];
static struct request *waiting;
static unsigned asked, gone, ended, aborted;

static void add_heard(const char *name, struct slice value)
{
	size_t len = strlen(heard);
	snprintf(heard + len, sizeof(heard) - len, "%s=" SLICE_FMT ";", name, SLICE_ARG(value));
}

static void listen_to(const struct request *r)
{
	static const char *const names[] = { "Cookie", "X-Original-URI", "X-Original-Method",
		"X-Request-ID", "Range", "If-None-Match", "Content-Length", "Content-Type",
		"Expect" };
	heard[0] = '\0';
	add_heard("method", r->method_name);
	add_heard("target", r->target);
	add_heard("host", r->host);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice value = fields_get_name(&r->fields, slice_str(names[i]));
		if (value.ptr)
			add_heard(names[i], value);
	}
	assert_int_equal(r->content_length, 0);
}

static void answer(struct request *r, int status)
{
	if (status == 302)
		assert_int_equal(response_add(r, SLICE("Location"), SLICE("/login?from=x")), OK);
	if (status == 401)
		assert_int_equal(response_add(r, SLICE("WWW-Authenticate"), SLICE("Form")), OK);
	if (status == 200)
		assert_int_equal(response_add(r, SLICE("X-Auth-User"), SLICE("alice")), OK);
	assert_int_equal(response_add(r, SLICE("Set-Cookie"), SLICE("a=b")), OK);
	r->response.status = status;
	response_set_body(r, SLICE("not to be seen"), NULL);
	response_start(r);
}

static void on_oracle_gone(struct request *r, void *ctx)
{
	(void)r, (void)ctx;
	gone++;
	waiting = NULL;
}

static size_t on_push(struct sink *s, struct slice bytes)
{
	(void)s;
	fail_msg("content");
	return bytes.len;
}

static void on_end(struct sink *s)
{
	(void)s;
	ended++;
}

static void on_abort(struct sink *s)
{
	(void)s;
	aborted++;
}

static void say_hello(struct request *r, void *state)
{
	(void)state;
	r->response.status = 200;
	response_set_body(r, SLICE("hello"), NULL);
	response_start(r);
}

/* By the field X-Say: a status, "later", "never". */
static void ask_oracle(struct request *r, void *state)
{
	static const struct sink_ops ops = { on_push, on_end, on_abort };
	static struct sink sink = { &ops };
	struct slice say = fields_get_name(&r->fields, SLICE("X-Say"));
	(void)state;
	asked++;
	if (!r->internal) { /* a client's own way there */
		say_hello(r, NULL);
		return;
	}
	listen_to(r);
	request_read_body(r, &sink);
	if (say.len == 3) {
		answer(r, atoi(say.ptr));
	} else {
		waiting = r;
		chain_wait(r, on_oracle_gone, NULL);
	}
}

static const struct handler oracle = { .name = "oracle", .handle = ask_oracle };
static const struct handler hello = { .name = "hello", .handle = say_hello };
static const struct handler *const handlers[] = { &oracle, &hello, NULL };
static const struct middleware *const middleware[] = { &auth_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &compress_group, &access_group,
	&auth_group, &tls_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static struct fake_worker w;
static struct fake_request f;

#define ROUTES(auth)                                                                              \
	"sites = ( { names = \"example.org\"; auth = { " auth " }; routes = ("                    \
	" { path = \"/check\"; handler = \"oracle\"; }, { path = \"/*\"; handler = \"hello\"; } " \
	"); } );"

#define SITE(text) "sites = ( { names = \"example.org\"; " text " } );"
#define GUARDED(path, by) \
	"{ path = \"" path "\"; handler = \"oracle\"; auth = { request = \"" by "\"; }; }"

static void start(const char *config)
{
	fake_worker_init(&w, &modules, true);
	fake_worker_config(&w, config);
	asked = gone = ended = aborted = 0;
	waiting = NULL;
}

static void request(const char *path, const char *say)
{
	fake_request_init(&f, w.sites, path);
	fake_request_field(&f, "X-Say", say);
}

static int ask(const char *path, const char *say)
{
	request(path, say);
	fake_request_start(&f);
	assert_false(f.done); /* at the end of a turn at the soonest */
	fake_request_finish(&f);
	return f.r.response.status;
}

static void test_yes(void **state)
{
	(void)state;
	start(ROUTES("request = \"/check?why\";"));
	request("/a?b=c", "200");
	fake_request_method(&f, METHOD_POST);
	f.r.content_length = 5;
	fake_request_field(&f, "Cookie", "s=1");
	fake_request_field(&f, "Range", "bytes=0-1");
	fake_request_field(&f, "If-None-Match", "*");
	fake_request_field(&f, "Content-Length", "5");
	fake_request_field(&f, "Content-Type", "text/plain");
	fake_request_field(&f, "Expect", "100-continue");
	fake_request_field(&f, "X-Request-ID", "forged");
	fake_request_field(&f, "X-Original-URI", "/forged");
	fake_request_field(&f, "x-original-method", "FORGED");
	fake_request_start(&f);
	fake_request_finish(&f);
	assert_int_equal(f.r.response.status, 200);
	char wanted[256];
	snprintf(wanted, sizeof(wanted),
	    "method=GET;target=/check?why;host=example.org;Cookie=s=1;"
	    "X-Original-URI=/a?b=c;X-Original-Method=POST;X-Request-ID=" SLICE_FMT ";",
	    SLICE_ARG(exchange_id(&f.r)));
	assert_string_equal(heard, wanted);
	assert_string_equal(f.content.data, "hello");
	assert_true(slice_eq(exchange_of(&f.r)->user, SLICE("alice")));
	assert_null(fake_response_field(&f, "Set-Cookie"));
	assert_int_equal(ended, 1);
	fake_request_fini(&f);
	assert_int_equal(ask("/a", "204"), 200); /* nobody by name */
	assert_non_null(exchange_of(&f.r)->user.ptr);
	assert_int_equal(exchange_of(&f.r)->user.len, 0);
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static void test_no(void **state)
{
	(void)state;
	start(ROUTES("request = \"/check\";"));
	assert_int_equal(ask("/a", "401"), 401);
	assert_string_equal(fake_response_field(&f, "WWW-Authenticate"), "Form");
	assert_string_equal(fake_response_field(&f, "Set-Cookie"), "a=b");
	assert_null(strstr(f.content.data, "not to be seen"));
	fake_request_fini(&f);
	assert_int_equal(ask("/a", "403"), 403);
	fake_request_fini(&f);
	assert_int_equal(ask("/a", "302"), 302);
	assert_string_equal(fake_response_field(&f, "Location"), "/login?from=x");
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static void test_nonsense(void **state)
{
	static const char *const answers[] = { "404", "500", "304", "303", "429" };
	(void)state;
	start(ROUTES("request = \"/check\";"));
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_int_equal(ask("/a", answers[i]), 502);
		assert_null(fake_response_field(&f, "Set-Cookie"));
		fake_request_fini(&f);
	}
	fake_worker_fini(&w);
}

static void test_later(void **state)
{
	(void)state;
	start(ROUTES("request = \"/check\";"));
	request("/a", "later");
	fake_request_start(&f);
	loop_turn(app_worker.loop, 0);
	assert_non_null(waiting);
	assert_false(f.done);
	chain_came_back(waiting);
	answer(waiting, 200);
	fake_request_finish(&f);
	assert_int_equal(f.r.response.status, 200);
	fake_request_fini(&f);
	assert_int_equal(gone, 0);
	fake_worker_fini(&w);
}

/* The client leaves: before the answer, and between the answer and its being heard. */
static void test_gone(void **state)
{
	(void)state;
	start(ROUTES("request = \"/check\";"));
	request("/a", "never");
	fake_request_start(&f);
	fake_request_fini(&f);
	assert_int_equal(gone, 1);
	request("/a", "200");
	fake_request_start(&f);
	fake_request_fini(&f);
	loop_turn(app_worker.loop, 0);
	/* The oracle gives up. */
	request("/a", "never");
	fake_request_start(&f);
	waiting->wire->reset(waiting, ERR_CLOSED);
	fake_request_finish(&f);
	assert_int_equal(f.r.response.status, 502);
	fake_request_fini(&f);
	request("/a", "never");
	fake_request_start(&f);
	waiting->wire->reset(waiting, ERR_CLOSED);
	fake_request_fini(&f);
	loop_turn(app_worker.loop, 0);
	assert_int_equal(gone, 3);
	fake_worker_fini(&w);
}

/* The route that is asked is guarded by itself: once round, not for ever. */
static void test_round(void **state)
{
	(void)state;
	start(ROUTES("request = \"/check\"; require = \"alice\";"));
	assert_int_equal(ask("/check", "200"), 200);
	assert_int_equal(asked, 2);
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static void test_required(void **state)
{
	(void)state;
	start(ROUTES("request = \"/check\"; require = \"bob\";"));
	assert_int_equal(ask("/a", "200"), 403);
	fake_request_fini(&f);
	assert_int_equal(ask("/a", "204"), 403);
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static void test_mistakes(void **state)
{
	(void)state;
	fake_worker_init(&w, &modules, true);
	assert_non_null(strstr(fake_worker_mistakes(&w, ROUTES("request = \"check\";")),
	    "auth.request: 'check': does not begin with '/'"));
	assert_non_null(strstr(fake_worker_mistakes(&w, ROUTES("request = \"/../check\";")),
	    "auth.request: '/../check'"));
	assert_non_null(strstr(fake_worker_mistakes(&w, SITE("auth = { request = \"/check\"; };"
							     "routes = ( { path = \"/a\"; "
							     "handler = \"hello\"; } );")),
	    "auth.request: no route of the site answers '/check'"));
	assert_non_null(
	    strstr(fake_worker_mistakes(&w, SITE("routes = ( " GUARDED("/a/*", "/a/1") " );")),
		"auth.request: the route asks itself"));
	assert_non_null(strstr(
	    fake_worker_mistakes(&w, SITE("routes = ( " GUARDED("/a", "/b") ", " GUARDED("/b",
					 "/c") ", { path = \"/c\"; handler = \"hello\"; } );")),
	    "auth.request: the route of '/b' asks another one in turn"));
	fake_worker_fini(&w);
}

/* A question that another question guards, which no check can see: nobody passes. */
static void test_in_turn(void **state)
{
	(void)state;
	start(
	    "sites = ( { names = [ \"example.org\", \"www.example.org\" ]; routes = ( "
	    "{ path = \"/b\"; host = \"www.example.org\"; handler = \"oracle\"; }, " GUARDED("/a",
		"/b") ", " GUARDED("/b", "/c") ", "
					       "{ path = \"/c\"; handler = \"oracle\"; } ); } );");
	assert_int_equal(ask("/a", "200"), 502);
	assert_int_equal(asked, 0);
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yes),
		cmocka_unit_test(test_no),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_in_turn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
