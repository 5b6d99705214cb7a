/*
 * rate_limit_test.c - whom a request counts for, what is answered, and where buckets are shared.
 * The buckets themselves are tested in base/bucket_table_test.c.
 */
#include "middleware/rate_limit.h"

#include "../app/fake_wire.h"
#include "base/bucket_table.h"
#include "base/scoreboard.h"
#include "config/core.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void *prepare_user(const struct config_scope *route, struct arena *a)
{
	(void)a;
	return (void *)route; /* anything but NULL */
}

/* In place of an authentication. */
static enum step enter_user(struct request *r, void *state)
{
	(void)state;
	exchange_of(r)->user = fields_get(&r->fields, FIELD_AUTHORIZATION);
	return STEP_NEXT;
}

static const struct middleware user_middleware = {
	.name = "user",
	.prepare = prepare_user,
	.enter = enter_user,
};

static unsigned handled;

static void handle(struct request *r, void *state)
{
	(void)state;
	handled++;
	r->response.status = 200;
	response_set_body(r, SLICE("ok"), NULL);
	response_start(r);
}

static const struct handler health_handler = { .name = "health", .handle = handle };

static const struct handler *const handlers[] = { &health_handler, NULL };
static const struct middleware *const middleware[] = { &rate_limit_middleware, &user_middleware,
	&rate_limit_user_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &rate_limit_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static struct fake_worker worker;

static int set_up(void **state)
{
	(void)state;
	fake_worker_init(&worker, &modules, false);
	memset(score_buckets()->words, 0, sizeof(score_buckets()->words));
	handled = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_worker_fini(&worker);
	return 0;
}

/* Nothing comes back within a test at "1/h". */
static void configure(const char *global, const char *site, const char *routes)
{
	char text[2048];
	snprintf(text, sizeof(text),
	    "%s sites = ( { names = \"example.org\"; root = \"@\"; %s routes = ( %s "
	    "{ path = \"/*\"; handler = \"health\"; } ); }, { names = \"other\"; routes = "
	    "( { path = \"/*\"; handler = \"health\"; } ); } );",
	    global, site, routes);
	fake_worker_config(&worker, text);
}

struct client {
	const char *address;
	const char *field;
	const char *value;
	const char *host;
};

static void init(struct fake_request *f, const char *path, struct client c)
{
	fake_request_init(f, worker.sites, path);
	f->peer = (struct net_addr){ .any.sa_family = AF_INET };
	if (c.address && inet_pton(AF_INET6, c.address, &f->peer.v6.sin6_addr) == 1)
		f->peer.any.sa_family = AF_INET6;
	else if (c.address && inet_pton(AF_INET, c.address, &f->peer.v4.sin_addr) != 1)
		f->peer.any.sa_family = AF_UNIX;
	if (c.field)
		fake_request_field(f, c.field, c.value);
	if (c.host)
		f->r.host = slice_str(c.host);
}

/* "200 19": the status and what is left, -1 without the field. */
static const char *ask(const char *path, struct client c)
{
	static char said[32];
	struct fake_request f;
	init(&f, path, c);
	fake_request_start(&f);
	const char *left = fake_response_field(&f, "X-RateLimit-Remaining");
	snprintf(said, sizeof(said), "%d %s", f.r.response.status, left ? left : "-1");
	fake_request_fini(&f);
	return said;
}

#define ASK(path, ...) ask(path, (struct client){ __VA_ARGS__ })

static void test_fields(void **state)
{
	struct fake_request f;
	(void)state;
	configure("", "rate_limit = { rate = 10.0; burst = 20; };", "");
	init(&f, "/", (struct client){ 0 });
	fake_request_start(&f);
	assert_string_equal(fake_response_field(&f, "X-RateLimit-Limit"), "20");
	assert_string_equal(fake_response_field(&f, "X-RateLimit-Remaining"), "19");
	assert_string_equal(fake_response_field(&f, "RateLimit-Policy"), "\"default\";q=20;w=2");
	assert_string_equal(fake_response_field(&f, "RateLimit"), "\"default\";r=19;t=1");
	assert_null(fake_response_field(&f, "Retry-After"));
	fake_request_fini(&f);
}

static void test_refusal(void **state)
{
	struct fake_request f;
	(void)state;
	uint64_t before = score_self()->rate_limited;
	configure("", "rate_limit = { rate = \"1/h\"; burst = 1; };", "");
	assert_string_equal(ASK("/", 0), "200 0");
	init(&f, "/", (struct client){ 0 });
	fake_request_start(&f);
	assert_int_equal(f.r.response.status, 429);
	assert_true(f.r.response.plain_error);
	assert_string_equal(fake_response_field(&f, "X-RateLimit-Remaining"), "0");
	assert_string_equal(fake_response_field(&f, "RateLimit-Policy"), "\"default\";q=1;w=3600");
	assert_string_equal(fake_response_field(&f, "RateLimit"), "\"default\";r=0;t=3600");
	assert_string_equal(fake_response_field(&f, "Retry-After"), "3600");
	fake_request_fini(&f);
	assert_int_equal(handled, 1);
	assert_int_equal(score_self()->rate_limited, before + 1);
	configure("", "rate_limit = { rate = \"1/h\"; burst = 1; status = 503; };", "");
	assert_string_equal(ASK("/", 0), "503 0");
}

static void test_burst_of_a_second(void **state)
{
	(void)state;
	configure("", "rate_limit = 2.5;",
	    "{ path = \"/a\"; handler = \"health\"; rate_limit = { rate = \"30/m\"; }; },");
	assert_string_equal(ASK("/", 0), "200 2");
	assert_string_equal(ASK("/a", 0), "200 0");
}

static void test_addresses(void **state)
{
	(void)state;
	configure("", "rate_limit = { rate = \"1/h\"; burst = 9; };", "");
	assert_string_equal(ASK("/", .address = "192.0.2.1"), "200 8");
	assert_string_equal(ASK("/", .address = "192.0.2.2"), "200 8");
	assert_string_equal(ASK("/", .address = "192.0.2.1"), "200 7");
	assert_string_equal(ASK("/", .address = "2001:db8::1"), "200 8");
	assert_string_equal(ASK("/", .address = "2001:db8::ffff:1"), "200 7");
	assert_string_equal(ASK("/", .address = "2001:db8:0:1::1"), "200 8");
	assert_string_equal(ASK("/", .address = "unix"), "200 -1");
}

static void test_field(void **state)
{
	(void)state;
	configure(
	    "", "rate_limit = { rate = \"1/h\"; burst = 9; key = \"header:x-api-key\"; };", "");
	assert_string_equal(
	    ASK("/", .address = "192.0.2.1", .field = "X-Api-Key", .value = "one"), "200 8");
	assert_string_equal(
	    ASK("/", .address = "192.0.2.2", .field = "X-API-Key", .value = "one"), "200 7");
	assert_string_equal(
	    ASK("/", .address = "192.0.2.1", .field = "X-Api-Key", .value = "two"), "200 8");
	assert_string_equal(ASK("/", .address = "192.0.2.1"), "200 8");
	assert_string_equal(
	    ASK("/", .address = "192.0.2.1", .field = "X-Api-Key", .value = ""), "200 7");
	assert_string_equal(
	    ASK("/", .address = "unix", .field = "X-Api-Key", .value = "one"), "200 6");
	configure("", "rate_limit = { rate = \"1/h\"; burst = 9; key = \"header:Origin\"; };", "");
	assert_string_equal(
	    ASK("/", .address = "192.0.2.1", .field = "Origin", .value = "one"), "200 8");
}

static void test_user(void **state)
{
	(void)state;
	configure("", "rate_limit = { rate = \"1/h\"; burst = 9; key = \"user\"; };", "");
	assert_string_equal(
	    ASK("/", .address = "192.0.2.1", .field = "Authorization", .value = "me"), "200 8");
	assert_string_equal(
	    ASK("/", .address = "192.0.2.2", .field = "Authorization", .value = "me"), "200 7");
	assert_string_equal(
	    ASK("/", .address = "192.0.2.1", .field = "Authorization", .value = "you"), "200 8");
	assert_string_equal(ASK("/", .address = "192.0.2.1"), "200 8");
}

/* A limit has one set of buckets where it is written. */
static void test_places(void **state)
{
	(void)state;
	configure("rate_limit = { rate = \"1/h\"; burst = 100; };", "rate_limit = { burst = 50; };",
	    "{ path = \"/a\"; handler = \"health\"; }, "
	    "{ path = \"/b\"; methods = [ \"POST\" ]; handler = \"health\"; rate_limit = { burst = "
	    "9; }; }, "
	    "{ path = \"/b\"; handler = \"health\"; rate_limit = { burst = 9; }; }, "
	    "{ path = \"/c\"; handler = \"health\"; rate_limit = 0; },");
	assert_string_equal(ASK("/", 0), "200 49");
	assert_string_equal(ASK("/a", 0), "200 48");
	assert_string_equal(ASK("/b", 0), "200 8");
	assert_string_equal(ASK("/c", 0), "200 -1");
	assert_string_equal(ASK("/b", 0), "200 7");
	assert_string_equal(ASK("/", .host = "other"), "200 99");
	struct fake_request f;
	init(&f, "/b", (struct client){ 0 });
	fake_request_method(&f, METHOD_POST);
	fake_request_start(&f);
	assert_string_equal(fake_response_field(&f, "X-RateLimit-Remaining"), "8");
	fake_request_fini(&f);
}

/* Routes may come and go around it, and its own settings may change. */
static void test_reload(void **state)
{
	(void)state;
	configure("", "rate_limit = { rate = \"1/h\"; burst = 9; };", "");
	assert_string_equal(ASK("/", 0), "200 8");
	configure("", "rate_limit = { rate = \"1/h\"; burst = 9; };",
	    "{ path = \"/a\"; handler = \"health\"; rate_limit = { burst = 4; }; },");
	assert_string_equal(ASK("/", 0), "200 7");
	assert_string_equal(ASK("/a", 0), "200 3");
	configure("", "rate_limit = { rate = \"1/h\"; burst = 5; };",
	    "{ path = \"/b\"; handler = \"health\"; }, "
	    "{ path = \"/a\"; handler = \"health\"; rate_limit = { burst = 4; }; },");
	assert_string_equal(ASK("/a", 0), "200 2");
	assert_string_equal(ASK("/b", 0), "200 2");
}

static void test_dry_run(void **state)
{
	(void)state;
	uint64_t before = score_self()->rate_limited;
	configure("", "rate_limit = { rate = \"1/h\"; burst = 1; dry_run = true; };", "");
	for (int i = 0; i < 3; i++)
		assert_string_equal(ASK("/", 0), "200 -1");
	assert_int_equal(score_self()->rate_limited, before);
}

/* Without a limit nothing stands in the way. */
static void test_none(void **state)
{
	struct fake_request f;
	(void)state;
	configure("", "", "");
	init(&f, "/", (struct client){ 0 });
	fake_request_start(&f);
	assert_int_equal(exchange_of(&f.r)->route->step_count, 1); /* of this test */
	fake_request_fini(&f);
}

static const char *explain(struct fake_request *f, enum step wanted)
{
	static char text[256];
	const struct route *route = exchange_of(&f->r)->route;
	text[0] = '\0';
	for (unsigned i = 0; i < route->step_count; i++)
		if (route->steps[i].middleware->explain)
			assert_int_equal(route->steps[i].middleware->explain(
					     &f->r, route->steps[i].state, text, sizeof(text)),
			    wanted);
	return text;
}

static void test_explain(void **state)
{
	struct fake_request f;
	(void)state;
	configure("", "rate_limit = { rate = \"1/h\"; burst = 2; };",
	    "{ path = \"/user\"; handler = \"health\"; rate_limit = { key = \"user\"; }; },");
	init(&f, "/", (struct client){ 0 });
	fake_request_start(&f);
	assert_string_equal(
	    explain(&f, STEP_NEXT), "1 of 2 left, 0.000277778 a second, by address");
	assert_string_equal(ASK("/", 0), "200 0"); /* nothing was taken */
	assert_string_equal(
	    explain(&f, STEP_ANSWERED), "refused: 0 of 2 left, 0.000277778 a second, by address");
	fake_request_fini(&f);
	init(&f, "/user", (struct client){ 0 });
	fake_request_start(&f);
	assert_string_equal(explain(&f, STEP_WAIT), "0.000277778 a second, burst 2, by user");
	fake_request_fini(&f);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *setting;
		const char *said;
	} vectors[] = {
		{ "rate_limit = { rate = 1; key = \"cookie\"; };",
		    "rate_limit.key: 'cookie' is not one of \"address\", \"user\", "
		    "\"header:NAME\"" },
		{ "rate_limit = { rate = 1; key = \"header:\"; };", "rate_limit.key: 'header:'" },
		{ "rate_limit = { rate = 1; key = \"header:a b\"; };",
		    "rate_limit.key: 'header:a b'" },
		{ "rate_limit = { rate = 1; key = \"address:1\"; };",
		    "rate_limit.key: 'address:1'" },
		{ "rate_limit = { rate = \"1/d\"; burst = 26; };",
		    "rate_limit: a burst of 26 at this rate comes back in more than 25 days" },
		/* 4319.75 us, which are 4320 */
		{ "rate_limit = { rate = 231.49487817; burst = 509050000; };",
		    "rate_limit: a burst of 509050000 at this rate comes back in more than" },
		{ "rate_limit = { rate = 0.0000001; };", "rate_limit: a burst of 1 at this rate" },
		{ "rate_limit = { rate = 100001; };", "is out of range (0 to 100000)" },
		{ "rate_limit = { rate = 1; store = \"http://example.org\"; };",
		    "rate_limit.store: " },
	};
	const char *lines;
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		char text[256];
		snprintf(text, sizeof(text),
		    "sites = ( { root = \"@\"; %s routes = ( { path = \"/*\"; handler = "
		    "\"health\"; } ); } );",
		    vectors[i].setting);
		lines = fake_worker_mistakes(&worker, text);
		assert_non_null(strstr(lines, vectors[i].said));
		assert_ptr_equal(strchr(lines, '\n'), strrchr(lines, '\n')); /* once */
	}
	/* One mistake does not hide others. */
	lines = fake_worker_mistakes(&worker,
	    "rate_limit = { rate = \"1/sec\"; key = \"ip\"; };\nsites = ( { root = \"@\"; } );");
	assert_non_null(strstr(lines, "rate_limit.rate: \"1/sec\" is not a rate"));
	assert_non_null(strstr(lines, "rate_limit.key: 'ip' is not one of"));
	lines = fake_worker_mistakes(&worker,
	    "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; handler = \"health\"; "
	    "rate_limit = { burst = 5; }; } ); } );");
	assert_non_null(strstr(lines, "nothing is limited without a rate"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_fields),
		TEST(test_refusal),
		TEST(test_burst_of_a_second),
		TEST(test_addresses),
		TEST(test_field),
		TEST(test_user),
		TEST(test_places),
		TEST(test_reload),
		TEST(test_dry_run),
		TEST(test_none),
		TEST(test_explain),
		TEST(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
