/*
 * chain_test.c - sites by host, the middleware in order, waiting and coming back, methods, and what
 * is counted at the end.
 */
#include "app/chain.h"

#include "base/scoreboard.h"
#include "config/core.h"
#include "fake_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

/* What happened, a word each. */
static char trace[256];
static struct request *waiting;
static bool answers_first, waits_first;

static void note(const char *word)
{
	strcat(trace, word);
	strcat(trace, " ");
}

static void *prepare_always(const struct config_scope *route, struct arena *a)
{
	(void)route;
	return arena_zalloc(a, 1);
}

static void *prepare_never(const struct config_scope *route, struct arena *a)
{
	(void)route, (void)a;
	return NULL;
}

static enum step enter_first(struct request *r, void *state)
{
	(void)state;
	note("first");
	if (answers_first) {
		response_error(r, 401, NULL);
		return STEP_ANSWERED;
	}
	if (waits_first) {
		waiting = r;
		return STEP_WAIT;
	}
	return STEP_NEXT;
}

static enum step enter_second(struct request *r, void *state)
{
	(void)r, (void)state;
	note("second");
	return STEP_NEXT;
}

static enum step enter_third(struct request *r, void *state)
{
	(void)r, (void)state;
	fail_msg("has nothing to do");
	return STEP_NEXT;
}

static void head_first(struct request *r, void *state)
{
	(void)state;
	note("head1");
	response_add_static(r, FIELD_OTHER, SLICE("X-Head"), SLICE("yes"));
}

static void head_second(struct request *r, void *state)
{
	(void)r, (void)state;
	note("head2");
}

static void done_second(struct request *r, void *state)
{
	char text[16];
	(void)state;
	snprintf(text, sizeof(text), "done=%d", r->response.status);
	note(text);
}

static const struct middleware first = {
	.name = "first", .prepare = prepare_always, .enter = enter_first, .head = head_first
};
static const struct middleware second = { .name = "second",
	.prepare = prepare_always,
	.enter = enter_second,
	.head = head_second,
	.done = done_second };
static const struct middleware third = {
	.name = "third", .prepare = prepare_never, .enter = enter_third
};

static void on_gone(struct request *r, void *ctx)
{
	(void)r;
	note(ctx);
}

static void handle_hello(struct request *r, void *state)
{
	const struct config_scope *route = state;
	const struct route_settings *s = config_settings(route, &route_group);
	note("handler");
	if (strcmp(s->path, "/later") == 0) {
		chain_wait(r, on_gone, "gone");
		waiting = r;
		return;
	}
	r->response.status = 200;
	response_set_body(r, exchange_of(r)->site->name, NULL);
	response_start(r);
}

static void *prepare_hello(const struct config_scope *route, struct arena *a)
{
	(void)a;
	return (void *)route;
}

static const struct handler hello = { .name = "hello",
	.methods = 1u << METHOD_GET | 1u << METHOD_HEAD,
	.prepare = prepare_hello,
	.handle = handle_hello };
static const struct handler any = {
	.name = "any", .prepare = prepare_hello, .handle = handle_hello
};

static const struct handler *const handlers[] = { &hello, &any, NULL };
static const struct middleware *const middleware[] = { &first, &second, &third, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static const char config[] =
    "limits = { body = 3; };\n"
    "sites = (\n"
    " { names = [ \"example.org\", \"*.example.org\" ];\n"
    "   limits = { body = 5; };\n"
    "   routes = ( { path = \"/hi\"; handler = \"hello\"; },\n"
    "              { path = \"/terms\"; handler = \"hello\"; limits = { body = "
    "7; };\n"
    "                timeouts = { send = \"2s\"; keepalive = false; }; },\n"
    "              { path = \"/later\"; handler = \"hello\"; },\n"
    "              { path = \"/any\"; handler = \"any\"; },\n"
    "              { path = \"/post\"; handler = \"any\"; methods = [ "
    "\"POST\", \"PUT\" ]; },\n"
    "              { path = \"/two\"; handler = \"any\"; methods = \"POST\"; },\n"
    "              { path = \"/two\"; handler = \"hello\"; },\n"
    "              { path = \"/never\"; handler = \"hello\"; methods = \"POST\"; } ); },\n"
    " { names = [ \"deep.example.org\", \"*.deep.example.org\" ];\n"
    "   routes = ( { path = \"/hi\"; handler = \"hello\"; } ); },\n"
    " { routes = ( { path = \"/hi\"; handler = \"hello\"; } ); }\n"
    ");\n";

static int setup(void **state)
{
	static struct fake_worker w;
	fake_worker_init(&w, &modules, false);
	fake_worker_config(&w, config);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	fake_worker_fini(*state);
	return 0;
}

static int reset(void **state)
{
	(void)state;
	trace[0] = '\0';
	waiting = NULL;
	answers_first = waits_first = false;
	return 0;
}

static void ask(struct fake_request *f, void **state, enum http_method method, const char *path)
{
	struct fake_worker *w = *state;
	fake_request_init(f, w->sites, path);
	fake_request_method(f, method);
	fake_request_start(f);
}

static void test_order(void **state)
{
	struct fake_request f;
	ask(&f, state, METHOD_GET, "/hi");
	assert_string_equal(trace, "first second handler head2 head1 ");
	assert_int_equal(f.r.response.status, 200);
	assert_string_equal(f.content.data, "example.org");
	assert_string_equal(fake_response_field(&f, "X-Head"), "yes");
	fake_request_fini(&f);
	assert_string_equal(trace, "first second handler head2 head1 done=200 ");
}

static void test_answered_on_the_way(void **state)
{
	struct fake_request f;
	answers_first = true;
	ask(&f, state, METHOD_GET, "/hi");
	fake_request_fini(&f);
	assert_string_equal(trace, "first head2 head1 done=401 ");
	assert_int_equal(f.starts, 1);
}

static void test_waits(void **state)
{
	struct fake_request f;
	waits_first = true;
	ask(&f, state, METHOD_GET, "/hi");
	assert_string_equal(trace, "first ");
	assert_ptr_equal(waiting, &f.r);
	chain_resume(waiting);
	assert_int_equal(f.r.response.status, 200);
	fake_request_fini(&f);
	assert_string_equal(trace, "first second handler head2 head1 done=200 ");
}

static void test_gone(void **state)
{
	struct fake_request f;
	ask(&f, state, METHOD_GET, "/later");
	assert_int_equal(f.starts, 0);
	fake_request_fini(&f);
	assert_string_equal(trace, "first second handler gone done=499 ");
}

static void test_came_back(void **state)
{
	struct fake_request f;
	ask(&f, state, METHOD_GET, "/later");
	chain_came_back(waiting);
	response_error(waiting, 503, NULL);
	fake_request_fini(&f);
	assert_string_equal(trace, "first second handler head2 head1 done=503 ");
}

static void test_methods(void **state)
{
	static const struct {
		enum http_method method;
		const char *path;
		int status;
		const char *allow;
	} rows[] = {
		{ METHOD_GET, "/hi", 200, NULL },
		{ METHOD_HEAD, "/hi", 200, NULL },
		{ METHOD_POST, "/hi", 405, "GET, HEAD, OPTIONS" },
		{ METHOD_OPTIONS, "/hi", 204, "GET, HEAD, OPTIONS" },
		{ METHOD_TRACE, "/hi", 405, "GET, HEAD, OPTIONS" },
		{ METHOD_OTHER, "/hi", 501, NULL },
		{ METHOD_GET, "/none", 404, NULL },
		{ METHOD_OPTIONS, "/none", 404, NULL },
		{ METHOD_POST, "/none", 404, NULL },
		{ METHOD_POST, "/post", 200, NULL },
		{ METHOD_GET, "/post", 405, "POST, PUT, OPTIONS" },
		{ METHOD_OPTIONS, "/post", 204, "POST, PUT, OPTIONS" },
		{ METHOD_GET, "/two", 200, NULL },
		{ METHOD_POST, "/two", 200, NULL },
		{ METHOD_PUT, "/two", 405, "GET, HEAD, POST, OPTIONS" },
		{ METHOD_POST, "/never", 405, "OPTIONS" },
		{ METHOD_GET, "/never", 405, "POST, OPTIONS" },
		{ METHOD_OPTIONS, "/two", 204, "GET, HEAD, POST, OPTIONS" },
		{ METHOD_OPTIONS, "/any", 200, NULL },
		{ METHOD_DELETE, "/any", 200, NULL },
		{ METHOD_OPTIONS, "*", 204, "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fake_request f;
		trace[0] = '\0';
		ask(&f, state, rows[i].method, rows[i].path);
		const char *allow = fake_response_field(&f, "Allow");
		if (f.r.response.status != rows[i].status || !allow != !rows[i].allow ||
		    (allow && strcmp(allow, rows[i].allow) != 0))
			fail_msg("row %zu: %d, Allow: %s", i, f.r.response.status, allow);
		fake_request_fini(&f);
	}
}

static void test_sites(void **state)
{
	static const struct {
		const char *host;
		const char *site;
	} rows[] = {
		{ "example.org", "example.org" },
		{ "www.example.org", "example.org" },
		{ "a.b.example.org", "example.org" },
		{ "deep.example.org", "deep.example.org" },
		{ "x.deep.example.org", "deep.example.org" },
		{ "xdeep.example.org", "example.org" },
		{ "badexample.org", "default" },
		{ "example.com", "default" },
		{ "org", "default" },
		{ "[::1]", "default" },
		{ "", "default" },
	};
	struct fake_worker *w = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct site *site = site_find(w->sites, slice_str(rows[i].host));
		if (!slice_eq(site->name, slice_str(rows[i].site)))
			fail_msg("%s: " SLICE_FMT, rows[i].host, SLICE_ARG(site->name));
	}
	char large[4096];
	memset(large, '.', sizeof(large));
	assert_true(
	    slice_eq(site_find(w->sites, slice_of(large, sizeof(large)))->name, SLICE("default")));
}

/* Of the site that counts under "other", as all do without a master. */
static uint64_t counted(int status_class)
{
	return score_self()->sites[0].requests[SCORE_HTTP_1_1][status_class];
}

static void test_refused(void **state)
{
	struct fake_worker *w = *state;
	struct fake_request f;
	uint64_t before = counted(4);
	fake_request_init(&f, w->sites, "");
	f.r.response.status = 431;
	chain_app.on_refused(&f.r);
	assert_string_equal(trace, "done=431 ");
	assert_int_equal(counted(4), before + 1);
	arena_fini(&f.r.arena);
	buf_fini(&f.content);
}

static void test_counts(void **state)
{
	struct fake_request f;
	uint64_t requests = score_self()->requests, ok = counted(2);
	ask(&f, state, METHOD_GET, "/later");
	assert_int_equal(score_self()->in_hand, 1);
	assert_int_equal(score_self()->requests, requests);
	chain_came_back(waiting);
	f.r.response.status = 200;
	response_start(&f.r);
	fake_request_fini(&f);
	assert_int_equal(score_self()->in_hand, 0);
	assert_int_equal(score_self()->requests, requests + 1);
	assert_int_equal(counted(2), ok + 1);
}

static size_t pushed;
static bool ended, aborted;

static size_t sink_push(struct sink *s, struct slice bytes)
{
	(void)s;
	pushed += bytes.len / 2;
	return bytes.len / 2;
}

static void sink_end(struct sink *s)
{
	(void)s;
	ended = true;
}

static void sink_abort(struct sink *s)
{
	(void)s;
	aborted = true;
}

static void test_content(void **state)
{
	static const struct sink_ops ops = { sink_push, sink_end, sink_abort };
	struct sink sink = { &ops };
	struct fake_request f;
	ask(&f, state, METHOD_GET, "/later");
	assert_int_equal(chain_app.on_body(&f.r, SLICE("nobody wants it")), 15);
	request_read_body(&f.r, &sink);
	assert_int_equal(chain_app.on_body(&f.r, SLICE("1234")), 2);
	assert_int_equal(pushed, 2);
	chain_app.on_end(&f.r);
	assert_true(ended);
	fake_request_fini(&f);
	assert_false(aborted); /* it had ended */
	ask(&f, state, METHOD_GET, "/later");
	request_read_body(&f.r, &sink);
	fake_request_fini(&f);
	assert_true(aborted);
}

/* A route's terms are its own key by key, and known before its middleware is asked. */
static void test_terms(void **state)
{
	struct fake_request f;
	ask(&f, state, METHOD_GET, "/terms");
	assert_int_equal(f.r.terms->body, 7);
	assert_int_equal(f.r.terms->send_ms, 2000);
	assert_int_equal(f.r.terms->body_ms, 30000);
	assert_false(f.r.terms->keepalive);
	fake_request_fini(&f);
	ask(&f, state, METHOD_GET, "/none");
	assert_int_equal(f.r.terms->body, 5);
	assert_true(f.r.terms->keepalive);
	fake_request_fini(&f);
	/* Refused when the route was known: it is still the route's. */
	fake_request_init(&f, ((struct fake_worker *)*state)->sites, "/terms");
	chain_app.on_route(&f.r);
	f.r.response.status = 413;
	chain_app.on_refused(&f.r);
	assert_true(slice_eq(exchange_of(&f.r)->route->pattern, SLICE("/terms")));
	response_fini(&f.r);
	arena_fini(&f.r.arena);
	buf_fini(&f.content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, reset),
		cmocka_unit_test_setup(test_answered_on_the_way, reset),
		cmocka_unit_test_setup(test_waits, reset),
		cmocka_unit_test_setup(test_gone, reset),
		cmocka_unit_test_setup(test_came_back, reset),
		cmocka_unit_test_setup(test_methods, reset),
		cmocka_unit_test_setup(test_sites, reset),
		cmocka_unit_test_setup(test_refused, reset),
		cmocka_unit_test_setup(test_counts, reset),
		cmocka_unit_test_setup(test_content, reset),
		cmocka_unit_test_setup(test_terms, reset),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
