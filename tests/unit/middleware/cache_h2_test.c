/*
 * cache_h2_test.c - requests of one connection that wait for each other's answer: what lands while
 * HTTP/2 is writing one stream is the answer to others.
 */
#include "middleware/cache.h"

#include "../app/fake_wire.h"
#include "../http2/client.h"
#include "app/chain.h"
#include "config/core.h"
#include "middleware/cache_keys.h"

#include <stdio.h>
#include <stdlib.h>

enum { LENGTH = 100000, PIECE = 1000, HELD_MAX = 8 };

static struct request *held[HELD_MAX];
static unsigned held_count, calls;

struct stream {
	struct source source;
	size_t left;
	char letter;
};

static enum pull on_pull(struct source *source, struct outq *q, size_t max)
{
	struct stream *s = CONTAINER_OF(source, struct stream, source);
	char piece[PIECE];
	(void)max;
	memset(piece, s->letter, sizeof(piece));
	outq_copy(q, slice_of(piece, sizeof(piece)));
	s->left -= sizeof(piece);
	return s->left ? PULL_MORE : PULL_END;
}

static void on_source_close(struct source *source)
{
	(void)source;
}

static const struct source_ops stream_ops = { on_pull, on_source_close };

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
	calls++;
	assert_true(held_count < HELD_MAX);
	held[held_count++] = r;
	chain_wait(r, on_gone, NULL);
}

/* A stream of the call's own letter. */
static void let_go(void)
{
	assert_true(held_count > 0);
	struct request *r = held[--held_count];
	struct stream *s = arena_zalloc(&r->arena, sizeof(*s));
	chain_came_back(r);
	*s = (struct stream){ { &stream_ops }, LENGTH, (char)('a' + calls - 1) };
	response_add_static(r, FIELD_CACHE_CONTROL, SLICE("Cache-Control"), SLICE("max-age=60"));
	r->response.status = 200;
	response_set_source(r, &s->source, -1);
	response_start(r);
}

static const struct handler test_handler = { .name = "test", .handle = handle };
static const struct handler *const handlers[] = { &test_handler, NULL };
static const struct middleware *const middleware[] = { &cache_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &cache_group, &cache_store_group,
	NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static struct fake_worker worker;

static int set_up(void **state)
{
	(void)state;
	held_count = calls = 0;
	client_start(0);
	fake_worker_init(&worker, &modules, false);
	app_worker.loop = harness.net.loop;
	fake_worker_config(&worker,
	    "sites = ( { cache = true; routes = ( { path = \"/*\"; handler = \"test\"; } ); } );");
	harness.server.app = &chain_app;
	harness.server.sites = worker.sites;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	client_stop();
	app_worker.loop = NULL;
	fake_worker_fini(&worker);
	return 0;
}

static void expect_letter(int32_t id, char letter)
{
	const struct client_stream *s = client_stream(id);
	assert_true(s->ended);
	assert_int_equal(s->status, 200);
	assert_int_equal(s->body_len, LENGTH);
	for (size_t i = 0; i < s->body_len; i++)
		assert_int_equal(s->body[i], letter);
}

static void test_streams_of_one_connection(void **state)
{
	int32_t ids[5];
	(void)state;
	for (int i = 0; i < 5; i++)
		ids[i] = GET("/a");
	client_settle();
	assert_int_equal(calls, 1);
	let_go();
	client_settle();
	for (int i = 0; i < 5; i++)
		expect_letter(ids[i], 'a');
	assert_int_equal(calls, 1);
	int32_t late = GET("/a");
	client_settle();
	expect_letter(late, 'a');
	assert_int_equal(calls, 1);
}

/* It stops in the middle: what has come of it is not the answer. */
static void test_asker_is_reset(void **state)
{
	(void)state;
	int32_t first = GET("/a"), second = GET("/a"), third = GET("/a");
	client_settle();
	nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, first, NGHTTP2_CANCEL);
	client_settle();
	assert_int_equal(calls, 2);
	assert_int_equal(held_count, 1);
	let_go();
	client_settle();
	expect_letter(second, 'b');
	expect_letter(third, 'b');
	assert_int_equal(calls, 2);
}

static void test_connection_is_cut(void **state)
{
	(void)state;
	GET("/a");
	GET("/a");
	client_settle();
	assert_int_equal(held_count, 1);
	/* The rest is the teardown's: nobody is left to be told. */
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_streams_of_one_connection),
		CASE(test_asker_is_reset),
		CASE(test_connection_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
