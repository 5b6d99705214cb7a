/*
 * request_id_test.c - the name of a request: taken or made, and told.
 */
#include "middleware/request_id.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "app/guard.h"
#include "app/trace.h"
#include "config/core.h"
#include "handler/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static const struct handler *const handlers[] = { &files_handler, NULL };
static const struct middleware *const middleware[] = { &request_id_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, &access_group, &request_id_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

struct world {
	struct fake_worker w;
	struct fake_request f;
};

static void begin(struct world *w, const char *settings)
{
	char config[512];
	fake_worker_init(&w->w, &modules, false);
	fake_file(&w->w, "a", "hello");
	snprintf(config, sizeof(config), "sites = ( { root = \"@\"; %s } );", settings);
	fake_worker_config(&w->w, config);
	fake_request_init(&w->f, w->w.sites, "/a");
}

static void end(struct world *w)
{
	fake_request_fini(&w->f);
	fake_worker_fini(&w->w);
}

/* What the response says after a request with these IDs (NULL: without). */
static void expect(const char *settings, const char *first, const char *second, const char *told)
{
	struct world w;
	begin(&w, settings);
	if (first)
		fake_request_field(&w.f, "X-Request-Id", first);
	if (second)
		fake_request_field(&w.f, "X-Request-Id", second);
	fake_request_start(&w.f);
	const char *got = fake_response_field(&w.f, "X-Request-ID");
	if (told)
		assert_string_equal(got, told);
	else
		assert_int_equal(strlen(got), 16);
	assert_true(slice_eq(exchange_id(&w.f.r), slice_str(got)));
	end(&w);
}

static void test_told(void **state)
{
	(void)state;
	expect("", NULL, NULL, NULL);
	expect("", "abc-123", NULL, "abc-123");
	expect("", "abc 123", NULL, NULL);
	expect("", "", NULL, NULL);
	expect("", "one", "one", NULL);
	expect("request_id = true;", "abc", NULL, "abc");
}

static void test_trust(void **state)
{
	(void)state;
	expect("request_id = { trust = \"192.0.2.0/24\"; };", "abc", NULL, "abc");
	expect("request_id = { trust = [ \"192.0.3.0/24\", \"unix\" ]; };", "abc", NULL, NULL);
	expect("request_id = { trust = []; };", "abc", NULL, NULL);
}

static void test_off(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "request_id = false;");
	fake_request_field(&w.f, "X-Request-Id", "abc");
	fake_request_start(&w.f);
	assert_int_equal(exchange_of(&w.f.r)->route->step_count, 0);
	assert_null(fake_response_field(&w.f, "X-Request-ID"));
	assert_int_equal(exchange_id(&w.f.r).len, 16); /* for the log */
	end(&w);
}

/* An error has it, too: that is what people send along with a complaint. */
static void test_errors(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "");
	w.f.r.path = SLICE("/none");
	fake_request_start(&w.f);
	assert_int_equal(w.f.r.response.status, 404);
	assert_non_null(fake_response_field(&w.f, "X-Request-ID"));
	end(&w);
}

/* What a program behind us says of itself does not double ours. */
static void test_once(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "");
	response_add_static(&w.f.r, FIELD_X_REQUEST_ID, SLICE("x-request-id"), SLICE("other"));
	fake_request_start(&w.f);
	assert_int_equal(fields_count(&w.f.r.response.fields, FIELD_X_REQUEST_ID), 1);
	assert_string_not_equal(fake_response_field(&w.f, "X-Request-ID"), "other");
	end(&w);
}

static void test_trace(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "");
	fake_request_start(&w.f);
	assert_null(exchange_traceparent(&w.f.r).ptr);
	end(&w);
	begin(&w, "request_id = { trace = true; };");
	fake_request_start(&w.f);
	assert_true(traceparent_valid(exchange_traceparent(&w.f.r)));
	end(&w);
}

static void test_mistakes(void **state)
{
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	const char *got = fake_worker_mistakes(
	    &w, "sites = ( { root = \"@\";\nrequest_id = { trust = \"10.0.0.1/8\"; }; } );");
	assert_non_null(strstr(got, ".conf:2: request_id.trust: '10.0.0.1/8' is no network"));
	fake_worker_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
