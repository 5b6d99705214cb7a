/*
 * rate_store_test.c - limits that a Redis server keeps, with a server that this test plays: what it
 * is asked, and what becomes of requests when it says something else, or nothing.
 */
#include "middleware/rate_limit.h"

#include "../app/fake_wire.h"
#include "base/bucket_table.h"
#include "base/scoreboard.h"
#include "config/core.h"
#include "event/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void handle(struct request *r, void *state)
{
	(void)state;
	r->response.status = 200;
	response_set_body(r, SLICE("ok"), NULL);
	response_start(r);
}

static const struct handler health_handler = { .name = "health", .handle = handle };
static const struct handler *const handlers[] = { &health_handler, NULL };
static const struct middleware *const middleware[] = { &rate_limit_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &rate_limit_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static struct fake_worker worker;
static struct {
	char path[128];
	int listener, peer;
	char got[8192];
	size_t len;
} server;

static void serve(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	strcpy(addr.sun_path, server.path);
	server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(server.listener, 8), 0);
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	fake_worker_init(&worker, &modules, true);
	snprintf(server.path, sizeof(server.path), "%s", fake_path(&worker, "redis.sock"));
	server.listener = server.peer = -1;
	server.len = 0;
	memset(score_buckets()->words, 0, sizeof(score_buckets()->words));
	return 0;
}

static void hang_up(void)
{
	if (server.peer >= 0)
		close(server.peer);
	server.peer = -1;
	server.len = 0;
}

static void stop_serving(void)
{
	hang_up();
	if (server.listener >= 0)
		close(server.listener);
	server.listener = -1;
	unlink(server.path);
}

static int tear_down(void **state)
{
	(void)state;
	stop_serving();
	fake_worker_fini(&worker);
	return 0;
}

static void configure(const char *more)
{
	char text[512];
	snprintf(text, sizeof(text),
	    "sites = ( { root = \"@\"; rate_limit = { rate = \"1/h\"; burst = 9; store = "
	    "\"unix:@/redis.sock\"; %s }; routes = ( { path = \"/*\"; handler = \"health\"; } ); } "
	    ");",
	    more);
	fake_worker_config(&worker, text);
}

static void receive(void)
{
	if (server.peer < 0)
		server.peer = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (server.peer < 0)
		return;
	ssize_t n = read(server.peer, server.got + server.len, sizeof(server.got) - 1 - server.len);
	server.len += n > 0 ? (size_t)n : 0;
	server.got[server.len] = '\0';
}

/* Turns of the loop until the server has got this, five seconds at most. */
static void expect(const char *wanted)
{
	for (int i = 0; i < 500; i++) {
		receive();
		if (server.len && strstr(server.got, wanted))
			return;
		loop_turn(app_worker.loop, 10);
	}
	fail_msg("the server was not sent %s but: %s", wanted, server.len ? server.got : "nothing");
}

static void say(const char *reply)
{
	server.len = 0;
	assert_int_equal(write(server.peer, reply, strlen(reply)), strlen(reply));
}

static void start(struct fake_request *f)
{
	fake_request_init(f, worker.sites, "/");
	fake_request_start(f);
}

/* The answer's status and what is left. */
static void finish(struct fake_request *f, int status, const char *left)
{
	fake_request_finish(f);
	assert_int_equal(f->r.response.status, status);
	assert_string_equal(fake_response_field(f, "X-RateLimit-Remaining"), left);
	assert_int_equal(f->starts, 1);
	fake_request_fini(f);
}

static void greet(void)
{
	expect("PING\r\n");
	say("+PONG\r\n");
}

static void test_asked(void **state)
{
	struct fake_request f;
	(void)state;
	serve();
	configure("store_timeout = \"5s\";");
	start(&f);
	assert_false(f.done);
	expect("\r\n9\r\n"); /* behind the greeting, at once */
	assert_non_null(strstr(server.got, "PING"));
	assert_non_null(strstr(server.got, "*6\r\n$7\r\nEVALSHA\r\n$40\r\n"));
	assert_non_null(strstr(server.got, "\r\n$10\r\n3600000000\r\n$1\r\n9\r\n"));
	/* The address, mapped: 192.0.2.1. */
	assert_non_null(strstr(server.got, ":00000000000000000000ffffc0000201\r\n"));
	say("+PONG\r\n*2\r\n:1\r\n:7200000000\r\n");
	finish(&f, 200, "7");

	start(&f);
	expect("EVALSHA");
	say("*2\r\n:0\r\n:32400000000\r\n");
	fake_request_finish(&f);
	assert_string_equal(fake_response_field(&f, "Retry-After"), "3600");
	finish(&f, 429, "0");
}

/* Those of one turn go out together and are answered in their order. */
static void test_many(void **state)
{
	enum { MANY = 50 };
	struct fake_request f[MANY];
	char reply[64], left[16];
	(void)state;
	serve();
	configure("store_timeout = \"5s\";");
	greet();
	for (int i = 0; i < MANY; i++)
		start(&f[i]);
	loop_turn(app_worker.loop, 0);
	receive();
	int asked = 0;
	for (const char *p = server.got; (p = strstr(p, "EVALSHA")); p++)
		asked++;
	assert_int_equal(asked, MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(reply, sizeof(reply), "*2\r\n:1\r\n:%lld\r\n", i % 9 * 3600000000ll);
		say(reply);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(left, sizeof(left), "%d", 9 - i % 9);
		finish(&f[i], 200, left);
	}
}

static void test_script_is_unknown(void **state)
{
	struct fake_request f;
	(void)state;
	serve();
	configure("store_timeout = \"5s\";");
	greet();
	start(&f);
	expect("EVALSHA");
	say("-NOSCRIPT No matching script. Please use EVAL.\r\n");
	expect("$4\r\nEVAL\r\n");
	assert_non_null(strstr(server.got, "redis.call('TIME')"));
	expect("\r\n9\r\n");
	say("*2\r\n:1\r\n:0\r\n");
	finish(&f, 200, "9");
}

/* It is there, but of no use: this machine counts. */
static void test_other_answers(void **state)
{
	static const char *const answers[] = { "-LOADING Redis is loading\r\n", "$-1\r\n", "*0\r\n",
		"*2\r\n:1\r\n$1\r\nx\r\n", "*2\r\n:1\r\n:-5\r\n", ":1\r\n", "+OK\r\n",
		"*1\r\n:1\r\n" };
	(void)state;
	serve();
	configure("store_timeout = \"5s\";");
	greet();
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct fake_request f;
		char left[16];
		start(&f);
		expect("EVALSHA");
		say(answers[i]);
		snprintf(left, sizeof(left), "%zu", 8 - i);
		finish(&f, 200, left);
	}
}

/* What waits is answered at once, what comes then does not wait, and later it is asked again. */
static void test_gone_and_back(void **state)
{
	struct fake_request f[3];
	(void)state;
	serve();
	configure("store_timeout = \"5s\";");
	greet();
	for (int i = 0; i < 3; i++)
		start(&f[i]);
	expect("EVALSHA");
	hang_up();
	finish(&f[0], 200, "8");
	finish(&f[1], 200, "7");
	finish(&f[2], 200, "6");
	start(&f[0]);
	assert_true(f[0].done);
	finish(&f[0], 200, "5");
	greet();
	loop_turn(app_worker.loop, 100); /* it hears the greeting's answer */
	start(&f[0]);
	expect("EVALSHA");
	say("*2\r\n:1\r\n:0\r\n");
	finish(&f[0], 200, "9");
}

static void test_hangs(void **state)
{
	struct fake_request f;
	(void)state;
	serve();
	configure("store_timeout = \"20ms\";");
	greet();
	loop_turn(app_worker.loop, 100);
	start(&f);
	assert_false(f.done);
	expect("EVALSHA");
	finish(&f, 200, "8");
	start(&f);
	assert_true(f.done);
	finish(&f, 200, "7");
}

static void test_never_there(void **state)
{
	struct fake_request f;
	(void)state;
	configure("");
	loop_turn(app_worker.loop, 0);
	start(&f);
	finish(&f, 200, "8");
	start(&f);
	assert_true(f.done);
	finish(&f, 200, "7");
}

/* No name has a label of 64 letters, so nobody is asked for it (RFC 1035 section 2.3.4). */
static void test_name_is_nobodys(void **state)
{
	struct fake_request f;
	(void)state;
	fake_worker_config(&worker,
	    "sites = ( { rate_limit = { rate = \"1/h\"; burst = 9; store = \"redis://"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example/\"; }; "
	    "routes = ( { path = \"/*\"; handler = \"health\"; } ); } );");
	loop_turn(app_worker.loop, 0);
	start(&f);
	assert_true(f.done);
	finish(&f, 200, "8");
}

static void test_password_is_wrong(void **state)
{
	struct fake_request f;
	(void)state;
	serve();
	configure("store_timeout = \"5s\";");
	expect("PING");
	say("-NOAUTH Authentication required.\r\n");
	start(&f); /* before that was heard */
	finish(&f, 200, "8");
	start(&f);
	assert_true(f.done);
	finish(&f, 200, "7");
}

/* The client goes away while it is asked: the answer is for nobody. */
static void test_client_is_gone(void **state)
{
	struct fake_request f;
	(void)state;
	serve();
	configure("store_timeout = \"5s\";");
	greet();
	start(&f);
	expect("EVALSHA");
	fake_request_fini(&f);
	say("*2\r\n:1\r\n:0\r\n");
	for (int i = 0; i < 5; i++)
		loop_turn(app_worker.loop, 1);
	start(&f);
	expect("EVALSHA");
	fake_request_fini(&f);
	hang_up();
	for (int i = 0; i < 5; i++)
		loop_turn(app_worker.loop, 1);
}

/* The worker ends with a command under way. */
static void test_end(void **state)
{
	struct fake_request f;
	(void)state;
	serve();
	configure("store_timeout = \"5s\";");
	greet();
	start(&f);
	fake_request_fini(&f);
	configure("store_timeout = \"4s\";");
	hang_up();
	expect("PING");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_asked),
		TEST(test_many),
		TEST(test_script_is_unknown),
		TEST(test_other_answers),
		TEST(test_gone_and_back),
		TEST(test_hangs),
		TEST(test_never_there),
		TEST(test_name_is_nobodys),
		TEST(test_password_is_wrong),
		TEST(test_client_is_gone),
		TEST(test_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
