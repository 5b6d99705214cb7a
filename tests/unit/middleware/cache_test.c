/*
 * cache_test.c - answers that are kept, confirmed, waited for and forgotten, over a fake wire. Time
 * stands still: an answer that is to be stale comes with an Age.
 */
#include "middleware/cache.h"

#include "../app/fake_wire.h"
#include "base/scoreboard.h"
#include "config/core.h"
#include "http/conditions.h"
#include "http/status.h"
#include "middleware/cache_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 6, HELD_MAX = 4 };

/* What the handler answers: its content is the number of the call. */
static struct answer {
	int status;
	const char *fields[FIELDS_MAX]; /* "Name: value" */
	const char *body;               /* in place of the number */
	bool streams;                   /* by a source, in single bytes */
	bool stream_fails;
	bool holds;       /* until let_go */
	const char *etag; /* with which it answers 304 to If-None-Match */
	bool plain;       /* response_error */
	bool personal;
} answer;

static unsigned calls;
static char seen_condition[64]; /* of the last call */
static struct request *held[HELD_MAX];
static unsigned held_count;
static unsigned blocked; /* an earlier middleware answers with this status */

struct stream {
	struct source source;
	struct slice left;
};

static enum pull stream_pull(struct source *source, struct outq *q, size_t max)
{
	struct stream *s = CONTAINER_OF(source, struct stream, source);
	(void)max;
	if (s->left.len == 1 && answer.stream_fails)
		return PULL_ERROR;
	outq_copy(q, slice_head(s->left, 1));
	s->left = slice_tail(s->left, 1);
	return s->left.len ? PULL_MORE : PULL_END;
}

static void stream_close(struct source *source)
{
	(void)source;
}

static const struct source_ops stream_ops = { stream_pull, stream_close };

static void set_content(struct request *r)
{
	struct slice body =
	    slice_str(answer.body ? answer.body : arena_printf(&r->arena, "answer %u", calls));
	if (!answer.streams) {
		response_set_body(r, body, NULL);
		return;
	}
	struct stream *s = arena_zalloc(&r->arena, sizeof(*s));
	s->source.ops = &stream_ops;
	s->left = body;
	response_set_source(r, &s->source, -1);
}

static void reply(struct request *r)
{
	struct slice condition = fields_get(&r->fields, FIELD_IF_NONE_MATCH);
	for (unsigned i = 0; i < FIELDS_MAX && answer.fields[i]; i++) {
		struct slice value = slice_str(answer.fields[i]), name = slice_split(&value, ':');
		assert_int_equal(response_add(r, name, slice_trim(value)), OK);
	}
	r->response.status = answer.status;
	r->response.personal = answer.personal;
	if (answer.plain) {
		response_error(r, answer.status, NULL);
		return;
	}
	if (answer.etag && condition.ptr && etag_list_has(condition, slice_str(answer.etag), false))
		r->response.status = 304;
	else if (status_has_content(answer.status))
		set_content(r);
	response_start(r);
}

static void on_gone(struct request *r, void *ctx)
{
	(void)ctx;
	for (unsigned i = 0; i < held_count; i++)
		if (held[i] == r)
			held[i] = held[--held_count];
}

static void handle(struct request *r, void *state)
{
	(void)state;
	struct slice condition = fields_get(&r->fields, FIELD_IF_NONE_MATCH);
	calls++;
	snprintf(seen_condition, sizeof(seen_condition), SLICE_FMT, SLICE_ARG(condition));
	if (!answer.holds) {
		reply(r);
		return;
	}
	assert_true(held_count < HELD_MAX);
	held[held_count++] = r;
	chain_wait(r, on_gone, NULL);
}

static void let_go(void)
{
	struct request *r = held[0];
	assert_true(held_count > 0);
	held[0] = held[--held_count];
	chain_came_back(r);
	reply(r);
}

static enum step block(struct request *r, void *state)
{
	(void)state;
	if (!blocked)
		return STEP_NEXT;
	response_add_static(r, FIELD_CACHE_CONTROL, SLICE("Cache-Control"), SLICE("max-age=60"));
	r->response.status = (int)blocked;
	response_start(r);
	return STEP_ANSWERED;
}

static void *prepare_block(const struct config_scope *route, struct arena *a)
{
	(void)route;
	return arena_zalloc(a, 1);
}

static const struct middleware blocking = {
	.name = "block", .prepare = prepare_block, .enter = block
};
static const struct handler test_handler = { .name = "test", .handle = handle };
static const struct handler *const handlers[] = { &test_handler, NULL };
static const struct middleware *const middleware[] = { &blocking, &cache_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &cache_group, &cache_store_group,
	NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static const char config[] =
    "cache_store = { entries = 100; size = \"64k\"; };\n"
    "sites = ( { cache = { object_size = 1000; };\n"
    "  routes = (\n"
    "  { path = \"/off\"; cache = false; handler = \"test\"; },\n"
    "  { path = \"/ttl\"; cache = { ttl = \"60s\"; }; handler = \"test\"; },\n"
    "  { path = \"/guess\"; cache = { heuristic = 10; }; handler = \"test\"; },\n"
    "  { path = \"/cookies\"; cache = { ttl = \"60s\"; cookies = true; set_cookie = true; };\n"
    "    handler = \"test\"; },\n"
    "  { path = \"/deaf\"; cache = { client_control = false; status_field = false; };\n"
    "    handler = \"test\"; },\n"
    "  { path = \"/stale\"; cache = { stale_while_revalidate = \"1h\"; }; handler = \"test\"; },\n"
    "  { path = \"/error\"; cache = { stale_if_error = \"1h\"; }; handler = \"test\"; },\n"
    "  { path = \"/short\"; cache = { wait = \"20ms\"; }; handler = \"test\"; },\n"
    "  { path = \"/*\"; handler = \"test\"; } ); } );\n";

static struct fake_worker worker;

static int set_up(void **state)
{
	(void)state;
	fake_worker_init(&worker, &modules, true);
	fake_worker_config(&worker, config);
	answer = (struct answer){ .status = 200, .fields = { "Cache-Control: max-age=60" } };
	calls = held_count = blocked = 0;
	loop_turn(app_worker.loop, 0); /* its clocks */
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_worker_fini(&worker);
	return 0;
}

static void init(
    struct fake_request *f, enum http_method method, const char *path, const char *const *fields)
{
	fake_request_init(f, worker.sites, path);
	fake_request_method(f, method);
	for (; fields && *fields; fields++) {
		char *name = arena_strdup(&f->r.arena, *fields), *colon = strchr(name, ':');
		*colon = '\0';
		fake_request_field(f, name, colon + 2);
	}
}

/* One request from beginning to end; its content, borrowed until the next call. */
static const char *get_with(const char *path, const char *const *fields)
{
	static char content[2048];
	struct fake_request f;
	init(&f, METHOD_GET, path, fields);
	fake_request_start(&f);
	assert_true(f.done);
	snprintf(content, sizeof(content), "%d " SLICE_FMT, f.r.response.status,
	    SLICE_ARG(buf_peek(&f.content)));
	fake_request_fini(&f);
	return content;
}

static const char *get(const char *path)
{
	return get_with(path, NULL);
}

#define WITH(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char *status_field(const char *path, const char *const *fields)
{
	static char text[128];
	struct fake_request f;
	init(&f, METHOD_GET, path, fields);
	fake_request_start(&f);
	const char *value = fake_response_field(&f, "Cache-Status");
	snprintf(text, sizeof(text), "%s", value ? value : "none");
	fake_request_fini(&f);
	return text;
}

/* ---- kept -------------------------------------------------------------------------------------
 */

static void test_hit(void **state)
{
	struct fake_request f;
	(void)state;
	answer.fields[1] = "X-Own: 1";
	answer.fields[2] = "Connection: x-hop";
	answer.fields[3] = "X-Hop: 1";
	answer.fields[4] = "Age: 7";
	uint64_t hits = score_self()->cache[1], misses = score_self()->cache[0];
	assert_string_equal(get("/a?b=c"), "200 answer 1");
	init(&f, METHOD_GET, "/a?b=c", NULL);
	fake_request_start(&f);
	assert_string_equal(f.content.data, "answer 1");
	assert_string_equal(fake_response_field(&f, "Cache-Status"), "httpd; hit; ttl=53");
	assert_string_equal(fake_response_field(&f, "Age"), "7");
	assert_string_equal(fake_response_field(&f, "X-Own"), "1");
	assert_null(fake_response_field(&f, "X-Hop"));
	fake_request_fini(&f);
	assert_int_equal(score_self()->cache[1], hits + 1);
	assert_int_equal(score_self()->cache[0], misses + 1);
	assert_string_equal(get("/a?b=d"), "200 answer 2"); /* another address */
	assert_string_equal(get("/a"), "200 answer 3");
	assert_string_equal(get("/a?"), "200 answer 4");
	assert_string_equal(get("/a?b=c"), "200 answer 1");
	init(&f, METHOD_GET, "/a", NULL); /* as "/a%3fb=c" is when it is decoded */
	f.r.path = SLICE("/a?b=c");
	fake_request_start(&f);
	assert_string_equal(f.content.data, "answer 5");
	fake_request_fini(&f);
}

static void test_head(void **state)
{
	struct fake_request f;
	(void)state;
	init(&f, METHOD_HEAD, "/a", NULL);
	fake_request_start(&f);
	fake_request_fini(&f);
	assert_string_equal(get("/a"), "200 answer 2"); /* HEAD's was not kept */
	init(&f, METHOD_HEAD, "/a", NULL);
	fake_request_start(&f);
	assert_int_equal(f.r.response.body.len, 8);
	assert_int_equal(f.content.len, 0);
	fake_request_fini(&f);
	assert_int_equal(calls, 2);
}

static const struct keep_case {
	bool kept;
	int status;
	const char *path;
	const char *asked;     /* a field of both requests */
	const char *fields[3]; /* of the answer */
} keep_cases[] = {
	{ true, 200, "/", NULL, { "Cache-Control: max-age=60" } },
	{ true, 200, "/", NULL, { "Cache-Control: MAX-AGE=\"60\"" } },
	{ true, 200, "/", NULL, { "Cache-Control: max-age=0, s-maxage=60" } },
	{ true, 200, "/", NULL, { "Expires: Fri, 31 Dec 9999 23:59:59 GMT" } },
	{ true, 404, "/", NULL, { "Cache-Control: max-age=60" } },
	{ true, 302, "/", NULL, { "Cache-Control: max-age=60" } },
	{ true, 204, "/", NULL, { "Cache-Control: max-age=60" } },
	{ false, 200, "/", NULL, { NULL } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=60, s-maxage=0" } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=x" } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=60, max-age=0" } },
	{ false, 200, "/", NULL, { "Cache-Control: no-store, max-age=60" } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=60", "Cache-Control: private" } },
	{ false, 200, "/", NULL, { "Cache-Control: private=\"x\", max-age=60" } },
	{ false, 200, "/", NULL, { "Cache-Control: no-cache, max-age=60" } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=60", "Vary: Accept, *" } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=60", "Vary: a,b,c,d,e,f,g,h,i" } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=60", "Set-Cookie: a=b" } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=60", "Content-Range: bytes 0-1/9" } },
	{ false, 200, "/", NULL, { "Cache-Control: max-age=60", "Age: 60" } },
	{ false, 200, "/", NULL, { "Expires: 0" } },
	{ false, 200, "/", NULL, { "Expires: Thu, 01 Jan 1970 00:00:00 GMT" } },
	{ false, 206, "/", NULL, { "Cache-Control: max-age=60" } },
	{ false, 200, "/off", NULL, { "Cache-Control: max-age=60" } },
	/* credentials: RFC 9111 section 3.5 */
	{ false, 200, "/", "Authorization: Basic eA==", { "Cache-Control: max-age=60" } },
	{ true, 200, "/", "Authorization: Basic eA==", { "Cache-Control: max-age=60, public" } },
	{ true, 200, "/", "Authorization: Basic eA==", { "Cache-Control: s-maxage=60" } },
	/* what the configuration assumes */
	{ true, 200, "/ttl", NULL, { NULL } },
	{ true, 301, "/ttl", NULL, { NULL } },
	{ false, 404, "/ttl", NULL, { NULL } },
	{ false, 302, "/ttl", NULL, { NULL } },
	{ false, 200, "/ttl", NULL, { "Cache-Control: max-age=0" } },
	{ false, 200, "/ttl", "Cookie: a=b", { NULL } },
	{ true, 200, "/ttl", "Cookie: a=b", { "Cache-Control: max-age=60" } },
	{ true, 200, "/cookies", "Cookie: a=b", { NULL } },
	{ true, 200, "/cookies", NULL, { "Set-Cookie: a=b" } },
	{ true, 200, "/guess", NULL, { "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT" } },
	{ false, 200, "/guess", NULL, { NULL } },
	{ false, 200, "/", NULL, { "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT" } },
	/* what the client wants */
	{ false, 200, "/", "Cache-Control: no-store", { "Cache-Control: max-age=60" } },
	{ false, 200, "/", "Cache-Control: no-cache", { "Cache-Control: max-age=60" } },
	{ false, 200, "/", "Pragma: no-cache", { "Cache-Control: max-age=60" } },
	{ false, 200, "/", "Cache-Control: max-age=5", { "Cache-Control: max-age=60", "Age: 9" } },
	{ false, 200, "/", "Cache-Control: min-fresh=55",
	    { "Cache-Control: max-age=60", "Age: 9" } },
	{ true, 200, "/", "Cache-Control: min-fresh=50",
	    { "Cache-Control: max-age=60", "Age: 9" } },
	{ true, 200, "/deaf", "Cache-Control: no-cache", { "Cache-Control: max-age=60" } },
	{ false, 200, "/", "Range: bytes=0-1", { "Cache-Control: max-age=60" } },
	{ false, 200, "/", "If-Match: \"a\"", { "Cache-Control: max-age=60" } },
};

static void test_what_is_kept(void **state)
{
	for (size_t i = 0; i < sizeof(keep_cases) / sizeof(*keep_cases); i++) {
		const struct keep_case *k = &keep_cases[i];
		tear_down(state);
		set_up(state);
		answer.status = k->status;
		memset(answer.fields, 0, sizeof(answer.fields));
		memcpy(answer.fields, k->fields, sizeof(k->fields));
		for (int n = 0; n < 2; n++)
			get_with(k->path, WITH(k->asked));
		if (calls != (k->kept ? 1 : 2))
			fail_msg("case %zu: %s %s: %u calls", i, k->path,
			    k->fields[0] ? k->fields[0] : "-", calls);
	}
}

/* An answer to credentials that is for all may be given to all, and one to nobody not to them. */
static void test_credentials(void **state)
{
	(void)state;
	get("/a");
	assert_string_equal(get_with("/a", WITH("Authorization: Basic eA==")), "200 answer 2");
	answer.fields[0] = "Cache-Control: public, max-age=60";
	get_with("/b", WITH("Authorization: Basic eA=="));
	assert_string_equal(get("/b"), "200 answer 3");
}

/* What was made of a client's own words is for others only if it says so. */
static void test_personal(void **state)
{
	(void)state;
	answer = (struct answer){ .status = 200, .personal = true };
	get("/ttl");
	get("/ttl");
	assert_int_equal(calls, 2);
	answer.fields[0] = "Cache-Control: max-age=60";
	get("/ttl");
	get("/ttl");
	assert_int_equal(calls, 3);
}

static void test_vary(void **state)
{
	(void)state;
	answer.fields[1] = "Vary: Accept-Language, X-Kind";
	assert_string_equal(get_with("/a", WITH("Accept-Language: de")), "200 answer 1");
	assert_string_equal(get_with("/a", WITH("Accept-Language: en")), "200 answer 2");
	assert_string_equal(get("/a"), "200 answer 3");
	assert_string_equal(get_with("/a", WITH("Accept-Language: de")), "200 answer 1");
	assert_string_equal(get_with("/a", WITH("Accept-Language: en")), "200 answer 2");
	assert_string_equal(get("/a"), "200 answer 3");
	assert_string_equal(
	    get_with("/a", WITH("X-Kind: 1", "X-Kind: 2")), "200 answer 4"); /* as one list */
	assert_string_equal(get_with("/a", WITH("X-Kind: 1")), "200 answer 5");
	assert_string_equal(get_with("/a", WITH("X-Kind: 1, 2")), "200 answer 4");
	assert_string_equal(status_field("/a", WITH("X-Kind: 7")), "httpd; fwd=vary-miss; "
								   "fwd-status=200; stored");
}

static void test_streams(void **state)
{
	(void)state;
	answer.streams = true;
	assert_string_equal(get("/a"), "200 answer 1");
	assert_string_equal(get("/a"), "200 answer 1");
	answer.stream_fails = true;
	struct fake_request f;
	init(&f, METHOD_GET, "/b", NULL);
	fake_request_start(&f);
	assert_true(f.failed);
	fake_request_fini(&f);
	answer.stream_fails = false;
	assert_string_equal(get("/b"), "200 answer 3"); /* half of it was not kept */
}

static void test_too_large(void **state)
{
	static char large[1100];
	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	answer.body = large;
	for (int streams = 0; streams < 2; streams++) {
		answer.streams = streams;
		assert_int_equal(strlen(get("/large")), 4 + sizeof(large) - 1);
		get("/large");
	}
	assert_int_equal(calls, 4);
}

/* Addresses that are asked for twice stay when a thousand others come by. */
static void test_bounds(void **state)
{
	char path[32];
	(void)state;
	for (int n = 0; n < 2; n++)
		for (int i = 0; i < 20; i++) {
			snprintf(path, sizeof(path), "/hot/%d", i);
			get(path);
		}
	assert_int_equal(calls, 20);
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/once/%d", i);
		get(path);
	}
	assert_int_equal(calls, 1020);
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "/hot/%d", i);
		get(path);
	}
	assert_int_equal(calls, 1020);
	get("/once/0");
	assert_int_equal(calls, 1021);
}

/* ---- conditions ---------------------------------------------------------------------------------
 */

static void test_client_conditions(void **state)
{
	struct fake_request f;
	(void)state;
	answer.fields[1] = "ETag: \"one\"";
	answer.fields[2] = "Content-Type: text/plain";
	get("/a");
	init(&f, METHOD_GET, "/a", WITH("If-None-Match: \"one\""));
	fake_request_start(&f);
	assert_int_equal(f.r.response.status, 304);
	assert_string_equal(fake_response_field(&f, "ETag"), "\"one\"");
	assert_null(fake_response_field(&f, "Content-Type"));
	fake_request_fini(&f);
	assert_string_equal(get_with("/a", WITH("If-None-Match: \"two\"")), "200 answer 1");
	assert_int_equal(calls, 1);
}

static void test_confirmed(void **state)
{
	struct fake_request f;
	(void)state;
	answer.fields[1] = "ETag: \"one\"";
	answer.fields[2] = "Age: 100";
	answer.fields[3] = "X-Own: old";
	answer.etag = "\"one\"";
	get("/a");
	answer.fields[2] = "X-Own: new";
	answer.fields[3] = NULL;
	/* The client's own condition is not the handler's to judge. */
	init(&f, METHOD_GET, "/a", WITH("If-None-Match: \"mine\""));
	fake_request_start(&f);
	assert_string_equal(seen_condition, "\"one\"");
	assert_int_equal(f.r.response.status, 200);
	assert_string_equal(f.content.data, "answer 1");
	assert_string_equal(fake_response_field(&f, "X-Own"), "new");
	assert_string_equal(
	    fake_response_field(&f, "Cache-Status"), "httpd; fwd=stale; fwd-status=304; stored");
	assert_true(slice_eq(fields_get(&f.r.fields, FIELD_IF_NONE_MATCH), SLICE("\"mine\"")));
	fake_request_fini(&f);
	assert_int_equal(calls, 2);
	assert_string_equal(get("/a"), "200 answer 1"); /* fresh again */
	assert_int_equal(calls, 2);
}

static void test_confirmed_for_both(void **state)
{
	(void)state;
	answer.fields[1] = "ETag: \"one\"";
	answer.fields[2] = "Age: 100";
	answer.etag = "\"one\"";
	get("/a");
	assert_string_equal(get_with("/a", WITH("If-None-Match: \"one\"")), "304 ");
	assert_int_equal(calls, 2);
	answer.etag = NULL; /* it has changed */
	answer.fields[1] = "ETag: \"two\"";
	answer.fields[2] = NULL;
	assert_string_equal(get_with("/a", WITH("If-None-Match: \"one\"")), "200 answer 3");
	assert_string_equal(get("/a"), "200 answer 3");
}

static void test_no_longer_to_be_kept(void **state)
{
	(void)state;
	answer.fields[1] = "ETag: \"one\"";
	answer.fields[2] = "Age: 100";
	get("/a");
	answer.fields[0] = "Cache-Control: no-store";
	assert_string_equal(get("/a"), "200 answer 2");
	answer.fields[0] = "Cache-Control: max-age=60";
	answer.fields[2] = NULL;
	assert_string_equal(
	    status_field("/a", NULL), "httpd; fwd=uri-miss; fwd-status=200; stored");
}

/* A 304 to the client's own condition is its alone. */
static void test_condition_without_a_copy(void **state)
{
	(void)state;
	answer.etag = "\"one\"";
	answer.fields[1] = "ETag: \"one\"";
	assert_string_equal(get_with("/a", WITH("If-None-Match: \"one\"")), "304 ");
	assert_string_equal(get("/a"), "200 answer 2");
	assert_string_equal(get("/a"), "200 answer 2");
}

static void test_only_if_cached(void **state)
{
	(void)state;
	assert_memory_equal(get_with("/a", WITH("Cache-Control: only-if-cached")), "504 ", 4);
	assert_int_equal(calls, 0);
	get("/a");
	assert_string_equal(get_with("/a", WITH("Cache-Control: only-if-cached")), "200 answer 1");
}

/* ---- stale answers ------------------------------------------------------------------------------
 */

static void test_stale_for_who_wants_it(void **state)
{
	(void)state;
	answer.fields[1] = "Age: 70";
	answer.fields[2] = "ETag: \"one\"";
	get("/a");
	assert_string_equal(get_with("/a", WITH("Cache-Control: max-stale=20")), "200 answer 1");
	assert_string_equal(get_with("/a", WITH("Cache-Control: max-stale")), "200 answer 1");
	assert_string_equal(get_with("/a", WITH("Cache-Control: max-stale=5")), "200 answer 2");
	answer.fields[0] = "Cache-Control: max-age=60, must-revalidate";
	get("/b");
	assert_string_equal(get_with("/b", WITH("Cache-Control: max-stale")), "200 answer 4");
}

static void turn_until_calls(unsigned wanted)
{
	for (int i = 0; i < 500 && calls < wanted; i++)
		loop_turn(app_worker.loop, 10);
	assert_int_equal(calls, wanted);
	for (int i = 0; i < 5; i++)
		loop_turn(app_worker.loop, 0);
}

static void test_stale_while_revalidate(void **state)
{
	static const char *const paths[] = { "/stale", "/told" };
	(void)state;
	for (int i = 0; i < 2; i++) {
		calls = 0;
		answer.fields[0] = i ? "Cache-Control: max-age=60, stale-while-revalidate=100"
				     : "Cache-Control: max-age=60";
		answer.fields[1] = "Age: 100";
		get(paths[i]);
		answer.fields[1] = NULL;
		assert_string_equal(status_field(paths[i], NULL), "httpd; hit; ttl=-40");
		turn_until_calls(2);
		assert_string_equal(get(paths[i]), "200 answer 2");
		assert_int_equal(calls, 2);
	}
}

static void test_one_refill_for_all(void **state)
{
	(void)state;
	answer.fields[1] = "Age: 100";
	answer.fields[2] = "ETag: \"one\"";
	answer.etag = "\"one\"";
	get("/stale");
	answer.fields[1] = NULL;
	answer.holds = true;
	for (int i = 0; i < 3; i++)
		assert_string_equal(get("/stale"), "200 answer 1");
	assert_int_equal(calls, 2);
	assert_string_equal(seen_condition, "\"one\"");
	let_go();
	turn_until_calls(2);
	assert_string_equal(status_field("/stale", NULL), "httpd; hit; ttl=60");
}

/* A refill that comes to nothing leaves what there is; one under way at the end is given up. */
static void test_refill_fails(void **state)
{
	(void)state;
	answer.fields[1] = "Age: 100";
	get("/stale");
	answer.status = 503;
	assert_string_equal(get("/stale"), "200 answer 1");
	turn_until_calls(2);
	answer.status = 200;
	answer.streams = answer.stream_fails = true;
	assert_string_equal(get("/stale"), "200 answer 1");
	turn_until_calls(3);
	answer.holds = true;
	assert_string_equal(get("/stale"), "200 answer 1");
	turn_until_calls(4);
	assert_int_equal(held_count, 1);
	fake_worker_config(&worker, config);
	assert_int_equal(held_count, 0);
}

static void test_stale_if_error(void **state)
{
	(void)state;
	answer.fields[1] = "Age: 100";
	get("/error");
	answer.status = 502;
	answer.plain = true;
	assert_string_equal(get("/error"), "200 answer 1");
	assert_string_equal(status_field("/error", NULL),
	    "httpd; fwd=stale; fwd-status=502; detail=stale-if-error");
	answer.status = 404;
	assert_memory_equal(get("/error"), "404 ", 4);
}

/* ---- waiting ------------------------------------------------------------------------------------
 */

static void finish(struct fake_request *f, const char *wanted)
{
	fake_request_finish(f);
	assert_true(f->done);
	assert_string_equal(f->content.data, wanted);
	fake_request_fini(f);
}

static void test_others_wait(void **state)
{
	struct fake_request list[3];
	(void)state;
	answer.holds = true;
	for (int i = 0; i < 3; i++) {
		init(&list[i], METHOD_GET, "/a", NULL);
		fake_request_start(&list[i]);
	}
	assert_int_equal(calls, 1);
	let_go();
	assert_true(list[0].done);
	assert_false(list[1].done); /* at the end of the turn */
	finish(&list[0], "answer 1");
	loop_turn(app_worker.loop, 0);
	assert_string_equal(
	    fake_response_field(&list[1], "Cache-Status"), "httpd; hit; ttl=60; collapsed");
	finish(&list[1], "answer 1");
	finish(&list[2], "answer 1");
	assert_int_equal(calls, 1);
}

/* What is not to be kept is nobody else's: those who waited ask, all at once, and the next ones do
 * not even wait. */
static void test_waited_for_nothing(void **state)
{
	struct fake_request list[3], next;
	(void)state;
	answer.holds = true;
	answer.fields[0] = "Cache-Control: no-store";
	for (int i = 0; i < 3; i++) {
		init(&list[i], METHOD_GET, "/a", NULL);
		fake_request_start(&list[i]);
	}
	let_go();
	answer.holds = false;
	for (int i = 0; i < 3; i++)
		fake_request_finish(&list[i]);
	assert_int_equal(calls, 3);
	for (int i = 0; i < 3; i++)
		fake_request_fini(&list[i]);
	answer.holds = true;
	for (int i = 0; i < 2; i++) {
		init(&list[i], METHOD_GET, "/a", NULL);
		fake_request_start(&list[i]);
	}
	assert_int_equal(calls, 5);
	let_go();
	let_go();
	fake_request_fini(&list[0]);
	fake_request_fini(&list[1]);
	(void)next;
}

/* Who asked is gone: the next one asks, and the others wait for that. */
static void test_asker_is_gone(void **state)
{
	struct fake_request list[3];
	(void)state;
	answer.holds = true;
	for (int i = 0; i < 3; i++) {
		init(&list[i], METHOD_GET, "/a", NULL);
		fake_request_start(&list[i]);
	}
	fake_request_fini(&list[0]);
	assert_int_equal(calls, 1);
	turn_until_calls(2);
	assert_int_equal(held_count, 1);
	let_go();
	finish(&list[1], "answer 2");
	finish(&list[2], "answer 2");
	assert_int_equal(calls, 2);
}

static void test_waiter_is_gone(void **state)
{
	struct fake_request list[2];
	(void)state;
	answer.holds = true;
	for (int i = 0; i < 2; i++) {
		init(&list[i], METHOD_GET, "/a", NULL);
		fake_request_start(&list[i]);
	}
	fake_request_fini(&list[1]);
	let_go();
	finish(&list[0], "answer 1");
	loop_turn(app_worker.loop, 0);
	assert_int_equal(calls, 1);
}

static void test_waits_no_longer(void **state)
{
	struct fake_request list[2];
	(void)state;
	answer.holds = true;
	for (int i = 0; i < 2; i++) {
		init(&list[i], METHOD_GET, "/short", NULL);
		fake_request_start(&list[i]);
	}
	turn_until_calls(2);
	let_go();
	let_go();
	for (int i = 0; i < 2; i++) {
		fake_request_finish(&list[i]);
		fake_request_fini(&list[i]);
	}
}

/* ---- forgetting ---------------------------------------------------------------------------------
 */

static void post(const char *path)
{
	struct fake_request f;
	init(&f, METHOD_POST, path, NULL);
	fake_request_start(&f);
	fake_request_fini(&f);
}

static void test_unsafe_methods(void **state)
{
	(void)state;
	get("/a");
	get("/list");
	answer.status = 403;
	post("/a");
	answer.status = 200;
	assert_string_equal(get("/a"), "200 answer 1"); /* it failed: nothing has changed */
	answer.fields[1] = "Location: http://example.org/list";
	post("/a");
	answer.fields[1] = NULL;
	assert_string_equal(get("/a"), "200 answer 5");
	assert_string_equal(get("/list"), "200 answer 6");
	answer.fields[1] = "Location: http://example.com/list";
	post("/b");
	assert_string_equal(get("/list"), "200 answer 6"); /* somebody else's */
}

/* An answer that was under way when the change came may be from before it. */
static void test_changed_under_way(void **state)
{
	struct fake_request f;
	(void)state;
	answer.holds = true;
	init(&f, METHOD_GET, "/a", NULL);
	fake_request_start(&f);
	answer.holds = false;
	post("/a");
	let_go();
	finish(&f, "answer 2");
	assert_string_equal(get("/a"), "200 answer 3");
	assert_string_equal(get("/a"), "200 answer 3");
}

/* What a step before the cache says is neither kept nor does it forget. */
static void test_answered_before(void **state)
{
	(void)state;
	blocked = 401;
	get("/a");
	blocked = 0;
	assert_string_equal(get("/a"), "200 answer 1");
	blocked = 200;
	post("/a");
	blocked = 0;
	assert_string_equal(get("/a"), "200 answer 1");
}

static void test_plain_errors(void **state)
{
	(void)state;
	answer.status = 404;
	answer.plain = true;
	get("/a");
	get("/a");
	assert_int_equal(calls, 2);
}

static void test_without_status_field(void **state)
{
	(void)state;
	assert_string_equal(status_field("/deaf", NULL), "none");
	assert_string_equal(status_field("/deaf", NULL), "none");
	assert_string_equal(status_field("/x", WITH("Range: bytes=0-1")), "httpd; fwd=bypass");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_hit),
		CASE(test_head),
		CASE(test_what_is_kept),
		CASE(test_credentials),
		CASE(test_personal),
		CASE(test_vary),
		CASE(test_streams),
		CASE(test_too_large),
		CASE(test_bounds),
		CASE(test_client_conditions),
		CASE(test_confirmed),
		CASE(test_confirmed_for_both),
		CASE(test_no_longer_to_be_kept),
		CASE(test_condition_without_a_copy),
		CASE(test_only_if_cached),
		CASE(test_stale_for_who_wants_it),
		CASE(test_stale_while_revalidate),
		CASE(test_one_refill_for_all),
		CASE(test_refill_fails),
		CASE(test_stale_if_error),
		CASE(test_others_wait),
		CASE(test_waited_for_nothing),
		CASE(test_asker_is_gone),
		CASE(test_waiter_is_gone),
		CASE(test_waits_no_longer),
		CASE(test_unsafe_methods),
		CASE(test_changed_under_way),
		CASE(test_answered_before),
		CASE(test_plain_errors),
		CASE(test_without_status_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
