/*
 * auth_test.c - names and passwords: who passes, who is asked, who has to wait.
 */
#include "middleware/auth.h"

#include "../app/fake_wire.h"
#include "app/auth.h"
#include "app/compress.h"
#include "app/guard.h"
#include "base/base64.h"
#include "config/core.h"
#include "handler/files.h"
#include "middleware/auth_verify.h"
#include "net/transport.h"
#include "tls/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct handler *const handlers[] = { &files_handler, NULL };
static const struct middleware *const middleware[] = { &auth_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, &access_group, &auth_group, &tls_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

/* bcrypt at its cheapest: "secret" and "pass:word". */
#define ALICE "alice:$2y$04$db60fHa7wHol7VFmxRCw9..DEcfG8esSuikbj8vTmZ1LEI3c6xMxW\n"
#define BOB                \
	"bob:$6$saltsalt$" \
	"TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1\n"

/* What costs 50 ms and more. */
#define SLOW "slow:$2b$10$db60fHa7wHol7VFmxRCw9.x7jQD58Jd1ox2B6f440HzNwgO3k7uMG\n"

static struct fake_worker w;

static void start_with(const char *users, const char *config)
{
	fake_worker_init(&w, &modules, true);
	fake_file(&w, "www/a", "hello");
	fake_file(&w, "users", users);
	chmod(fake_path(&w, "users"), 0600);
	fake_worker_config(&w, config);
}

static void start(const char *keys)
{
	char config[1024];
	snprintf(config, sizeof(config),
	    "sites = ( { names = \"example.org\"; root = \"@/www\"; auth = { realm = \"A "
	    "\\\"b\\\"\"; "
	    "users = \"@/users\"; %s }; } );",
	    keys);
	start_with("# people\n\n" ALICE BOB SLOW, config);
}

static void from(struct fake_request *f, uint32_t address)
{
	f->peer.v4.sin_addr.s_addr = htonl(address);
}

static const char *basic(const char *user, const char *password)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static char rooms[64][1500];
	static unsigned next;
	char plain[1000], *out = rooms[next++ % 64];
	size_t len = (size_t)snprintf(plain, sizeof(plain) - 2, "%s:%s", user, password);
	plain[len + 1] = plain[len] = '\0';
	char *to = out + sprintf(out, "Basic ");
	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)(unsigned char)plain[i] << 16 |
				(unsigned)(unsigned char)plain[i + 1] << 8 |
				(unsigned char)plain[i + 2];
		for (int k = 3; k >= 0; k--)
			*to++ = digits[bits >> (6 * k) & 63];
	}
	if (len % 3)
		to[-1] = '=';
	if (len % 3 == 1)
		to[-2] = '=';
	*to = '\0';
	return out;
}

static void request(struct fake_request *f, const char *credentials)
{
	fake_request_init(f, w.sites, "/a");
	if (credentials)
		fake_request_field(f, "Authorization", credentials);
}

/* The status, and what else is looked at by the caller is left in `f`. */
static int answer(struct fake_request *f)
{
	fake_request_start(f);
	fake_request_finish(f);
	return f->r.response.status;
}

static int ask(const char *credentials)
{
	struct fake_request f;
	request(&f, credentials);
	int status = answer(&f);
	fake_request_fini(&f);
	return status;
}

static void test_asked(void **state)
{
	struct fake_request f;
	(void)state;
	start("");
	request(&f, NULL);
	fake_request_start(&f);
	assert_true(f.done); /* at once */
	assert_int_equal(f.r.response.status, 401);
	assert_string_equal(fake_response_field(&f, "WWW-Authenticate"),
	    "Basic realm=\"A \\\"b\\\"\", charset=\"UTF-8\"");
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static void test_right(void **state)
{
	struct fake_request f;
	(void)state;
	start("");
	request(&f, basic("alice", "secret"));
	fake_request_start(&f);
	assert_false(f.done); /* in the thread */
	fake_request_finish(&f);
	assert_int_equal(f.r.response.status, 200);
	assert_true(slice_eq(exchange_of(&f.r)->user, SLICE("alice")));
	fake_request_fini(&f);
	request(&f, basic("alice", "secret"));
	fake_request_start(&f);
	assert_true(f.done); /* remembered */
	assert_int_equal(f.r.response.status, 200);
	assert_true(slice_eq(exchange_of(&f.r)->user, SLICE("alice")));
	fake_request_fini(&f);
	assert_int_equal(ask(basic("bob", "secret")), 200);
	fake_worker_fini(&w);
}

static void test_wrong(void **state)
{
	(void)state;
	start("");
	assert_int_equal(ask(basic("alice", "secret ")), 401);
	assert_int_equal(ask(basic("carol", "secret")), 401);
	assert_int_equal(ask(basic("alice", "secret")), 200);
	assert_int_equal(ask(basic("alice", "")), 401);
	fake_worker_fini(&w);
}

/* Nothing of it is looked up, counted or logged. */
static void test_malformed(void **state)
{
	static const char *const fields[] = { "", "Basic", "Basic ",
		"Basic YWxpY2U=" /* no colon */, "Basic OnNlY3JldA==" /* no name */,
		"Basic YWxpY2U6c2VjcmV0=", "Basic YWxpY2U6c2Vjcm", "Basic YWxpY2U6c2VjcmV0 x",
		"Bearer YWxpY2U6c2VjcmV0", "Digest username=\"alice\"",
		"Basic YWxpY2U6c2VjCnJldA==" /* LF */, "BasicYWxpY2U6c2VjcmV0" };
	char longest[700];
	struct fake_request f;
	(void)state;
	start("failures = 1;");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_int_equal(ask(fields[i]), 401);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(ask(basic("alice", longest)), 401);
	longest[300] = '\0';
	assert_int_equal(ask(basic(longest, "x")), 401);
	request(&f, basic("alice", "secret"));
	fake_request_field(&f, "Authorization", basic("bob", "secret"));
	assert_int_equal(answer(&f), 401);
	fake_request_fini(&f);
	assert_int_equal(ask("bAsIc  YWxpY2U6c2VjcmV0"), 200);
	fake_worker_fini(&w);
}

static void test_slowed(void **state)
{
	struct fake_request f;
	(void)state;
	start("failures = 4;");
	for (int i = 0; i < 2; i++) {
		request(&f, basic("alice", i ? "one" : "two"));
		from(&f, 0xc6336401);
		assert_int_equal(answer(&f), 401);
		fake_request_fini(&f);
	}
	for (int i = 0; i < 2; i++) { /* now the answer is known before it is given */
		request(&f, basic("alice", i ? "three" : "four"));
		from(&f, 0xc6336401);
		fake_request_start(&f);
		while (verify_pending(
		    (const unsigned char *)"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x01"))
			loop_turn(app_worker.loop, 10);
		assert_false(f.done);
		fake_request_finish(&f);
		assert_int_equal(f.r.response.status, 401);
		fake_request_fini(&f);
	}
	request(&f, basic("alice", "five"));
	from(&f, 0xc6336401);
	fake_request_start(&f);
	assert_true(f.done);
	assert_int_equal(f.r.response.status, 429);
	assert_in_range(atoi(fake_response_field(&f, "Retry-After")), 100, 150); /* 600 s / 4 */
	fake_request_fini(&f);
	/* others are not concerned */
	request(&f, basic("alice", "secret"));
	from(&f, 0xc6336402);
	assert_int_equal(answer(&f), 200);
	fake_request_fini(&f);
	/* nor he, by what is known to be right */
	request(&f, basic("alice", "secret"));
	from(&f, 0xc6336401);
	assert_int_equal(answer(&f), 200);
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

/* Behind a proxy on a unix socket all would have one count. */
static void test_unix(void **state)
{
	struct fake_request f;
	(void)state;
	start("failures = 1;");
	for (int i = 0; i < 3; i++) {
		request(&f, basic("alice", i == 2 ? "secret" : "wrong"));
		f.peer.any.sa_family = AF_UNIX;
		assert_int_equal(answer(&f), i == 2 ? 200 : 401);
		fake_request_fini(&f);
	}
	fake_worker_fini(&w);
}

/* Ten at once are one guess; more different ones than may fail are not even tried. */
static void test_at_once(void **state)
{
	struct fake_request same[10], other[3];
	(void)state;
	start("failures = 3;");
	for (int i = 0; i < 10; i++) {
		request(&same[i], basic("alice", "wrong"));
		from(&same[i], 0xc6336403);
		fake_request_start(&same[i]);
		assert_false(same[i].done);
	}
	for (int i = 0; i < 3; i++) {
		char password[8];
		snprintf(password, sizeof(password), "wrong%d", i);
		request(&other[i], basic("alice", password));
		from(&other[i], 0xc6336403);
		fake_request_start(&other[i]);
		assert_int_equal(other[i].done, i == 2);
	}
	assert_int_equal(other[2].r.response.status, 429);
	for (int i = 0; i < 13; i++) {
		struct fake_request *f = i < 10 ? &same[i] : &other[i - 10];
		fake_request_finish(f);
		assert_int_equal(f->r.response.status, i == 12 ? 429 : 401);
		fake_request_fini(f);
	}
	fake_worker_fini(&w);
}

static void test_busy(void **state)
{
	enum { MANY = 64 };
	static struct fake_request f[MANY];
	unsigned busy = 0;
	(void)state;
	start("");
	for (unsigned i = 0; i < MANY; i++) {
		char password[16];
		snprintf(password, sizeof(password), "flood%u", i);
		request(&f[i], basic("slow", password));
		from(&f[i], 0xcb007100 + i);
		fake_request_start(&f[i]);
		if (!f[i].done)
			continue;
		busy++;
		assert_int_equal(f[i].r.response.status, 503);
		assert_string_equal(fake_response_field(&f[i], "Retry-After"), "1");
	}
	assert_in_range(busy, 1, MANY - 32);
	/* What nobody waits for any more is not done: only the one that runs is still to end. */
	for (unsigned i = 0; i < MANY; i++)
		fake_request_fini(&f[i]);
	int status = ask(basic("alice", "secret"));
	for (unsigned turns = 0; status == 503 && turns < 500; turns++) {
		loop_turn(app_worker.loop, 10);
		status = ask(basic("alice", "secret"));
	}
	assert_int_equal(status, 200);
	fake_worker_fini(&w);
}

/* In the queue, in the thread, and while the answer waits. */
static void test_gone(void **state)
{
	static struct fake_request f[8];
	(void)state;
	start("");
	for (unsigned i = 0; i < 8; i++) {
		char password[16];
		snprintf(password, sizeof(password), "gone%u", i / 2);
		request(&f[i], basic("bob", password));
		from(&f[i], 0xcb007201);
		fake_request_start(&f[i]);
	}
	for (unsigned i = 0; i < 8; i++)
		if (i != 2)
			fake_request_fini(&f[i]);
	fake_request_finish(&f[2]);
	assert_int_equal(f[2].r.response.status, 401);
	fake_request_fini(&f[2]);
	for (unsigned i = 0; i < 3; i++) {
		request(&f[0], basic("bob", i ? "x" : "y"));
		from(&f[0], 0xcb007201);
		fake_request_start(&f[0]);
		while (verify_pending(
		    (const unsigned char *)"\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\x00\x72\x01"))
			loop_turn(app_worker.loop, 10);
		fake_request_fini(&f[0]);
	}
	fake_worker_fini(&w);
}

static void test_require(void **state)
{
	(void)state;
	start("require = [ \"bob\" ];");
	assert_int_equal(ask(basic("alice", "secret")), 403);
	assert_int_equal(ask(basic("alice", "secret")), 403); /* remembered, too */
	assert_int_equal(ask(basic("bob", "secret")), 200);
	fake_worker_fini(&w);
}

static void test_inherited(void **state)
{
	struct fake_request f;
	(void)state;
	start_with(ALICE,
	    "auth = { users = \"@/users\"; };"
	    "sites = ( { root = \"@/www\"; routes = ("
	    "  { path = \"/open/*\"; auth = \"off\"; files = { root = \"@/www\"; }; },"
	    "  { path = \"/bare/*\"; auth = false; files = { root = \"@/www\"; }; },"
	    "  { path = \"/*\"; files = { }; } ); } );");
	fake_request_init(&f, w.sites, "/open/a");
	assert_int_equal(answer(&f), 200);
	fake_request_fini(&f);
	fake_request_init(&f, w.sites, "/bare/a");
	assert_int_equal(answer(&f), 200);
	assert_int_equal(exchange_of(&f.r)->route->step_count, 0); /* it costs nothing */
	fake_request_fini(&f);
	assert_int_equal(ask(NULL), 401);
	assert_int_equal(ask(basic("alice", "secret")), 200);
	fake_worker_fini(&w);
	start_with(ALICE, "auth = { users = \"@/users\"; };"
			  "sites = ( { root = \"@/www\"; auth = false; routes = ("
			  "  { path = \"/on/*\"; auth = \"on\"; files = { root = \"@/www\"; }; },"
			  "  { path = \"/*\"; files = { }; } ); } );");
	assert_int_equal(ask(NULL), 200);
	fake_request_init(&f, w.sites, "/on/a");
	assert_int_equal(answer(&f), 401);
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static void test_explained(void **state)
{
	struct fake_request f;
	char text[256];
	(void)state;
	start("");
	request(&f, NULL);
	fake_request_start(&f);
	const struct route_step *step = exchange_of(&f.r)->route->steps;
	f.r.response.status = 0;
	assert_int_equal(
	    auth_middleware.explain(&f.r, step->state, text, sizeof(text)), STEP_ANSWERED);
	assert_non_null(strstr(text, "401"));
	assert_int_equal(f.r.response.status, 401);
	fake_request_fini(&f);
	request(&f, basic("alice", "guess"));
	assert_int_equal(auth_middleware.explain(&f.r, step->state, text, sizeof(text)), STEP_WAIT);
	fake_request_start(&f);
	fake_request_finish(&f);
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static int ask_with(const char *subject, char *user_out)
{
	const struct security security = { .version = "TLSv1.3", .client = subject };
	struct fake_request f;
	request(&f, NULL);
	f.r.security = &security;
	fake_request_start(&f);
	assert_true(f.done);
	struct slice user = exchange_of(&f.r)->user;
	snprintf(user_out, 64, SLICE_FMT, SLICE_ARG(user));
	int status = f.r.response.status;
	fake_request_fini(&f);
	return status;
}

static void test_client(void **state)
{
	static const struct {
		const char *subject;
		const char *user;
		int status;
	} rows[] = {
		{ NULL, "", 403 },
		{ "CN=Alice,O=Example", "Alice", 200 },
		{ "O=Example,CN=Alice", "Alice", 200 },
		{ "UID=1+CN=Alice,O=Example", "Alice", 200 },
		{ "CN=Al\\,ice,O=Example", "Al,ice", 403 },
		{ "CN=\\41lice", "Alice", 200 },
		/* the name of a company is not that of a user */
		{ "O=Evil\\,CN=Alice", "O=Evil\\,CN=Alice", 403 },
		{ "O=Example", "O=Example", 403 },
		{ "CN=Bob\\", "Bob\\", 403 },
		{ "", "", 403 },
	};
	char user[64];
	(void)state;
	start_with("", "tls = { verify = \"optional\"; client_ca = \"x\"; }; sites = ( { names = "
		       "\"example.org\"; root = \"@/www\"; "
		       "auth = { client = true; require = \"Alice\"; }; } );");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ask_with(rows[i].subject, user), rows[i].status);
		assert_string_equal(user, rows[i].user);
	}
	fake_worker_fini(&w);
}

static void expect_mistake(const char *config, const char *wanted)
{
	const char *lines = fake_worker_mistakes(&w, config);
	if (!strstr(lines, wanted))
		fail_msg("wanted: %s\ngot: %s", wanted, lines);
}

static void test_mistakes(void **state)
{
	(void)state;
	fake_worker_init(&w, &modules, true);
	fake_file(&w, "www/a", "hello");
	fake_file(&w, "www/users", ALICE);
	fake_file(&w, "bad",
	    ALICE "nonsense\nbob:secret\n" ALICE "carol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
		  ":$2y$04$x\nd\te:x\nold:$apr1$ab$jiiV6N7hIIuIoJbc1hxOE/:remark\n");
	fake_file(&w, "www/write/b", "b");
#define SITE(auth) "sites = ( { root = \"@/www\"; auth = { " auth " }; } );"
	const char *bad = SITE("users = \"@/bad\";");
	expect_mistake(bad, ":1: auth.users: ");
	expect_mistake(bad, "/bad:2: expected user:hash");
	expect_mistake(bad,
	    "/bad:3: not a hash of bcrypt, yescrypt, SHA-512, SHA-256 or apr1 (httpd "
	    "--hash-password makes lines)");
	expect_mistake(bad, "/bad:4: this user has a line before");
	expect_mistake(bad, "/bad:5: an unsalted SHA-1 hash is as good as none");
	expect_mistake(bad, "/bad:6: no name, or one over 255 bytes");
	expect_mistake(bad, "/bad:7: a control character in the name");
	expect_mistake(bad, "warning: auth.users: ");
	expect_mistake(bad, "/bad:8: apr1 is weak");
	expect_mistake(bad, "everybody on this machine can read ");
	expect_mistake(SITE("users = \"@/none\";"), "/none': No such file");
	expect_mistake(SITE("users = \"@/www\";"), "/www': Is a directory");
	expect_mistake(SITE("users = \"@/www/users\";"), "stands below the site's root");
	expect_mistake(SITE("users = \"@/bad\"; realm = \"a\\nb\";"), "auth.realm: ");
	expect_mistake(SITE("users = \"@/bad\"; failures = 0;"), "out of range");
	expect_mistake("sites = ( { root = \"@/www\"; auth = \"of\"; } );", "\"off\"");
	expect_mistake(
	    "sites = ( { root = \"@/www\"; routes = ( { path = \"/*\"; files = { }; auth = { "
	    "realm = \"x\"; }; } ); } );",
	    "auth: nothing says how");
	expect_mistake("sites = ( { root = \"@/www\"; auth = { users = \"@/bad\"; }; routes = ( "
		       "{ path = \"/g\"; auth = false; routes = ( { path = \"/*\"; files = { }; "
		       "auth = { require = \"alice\"; }; } ); } ); } );",
	    "auth: without effect, as a place around has turned it off");
	expect_mistake(SITE("users = \"@/bad\"; require = [ \"alice\", \"zoe\" ];"),
	    "warning: auth.require: 'zoe' is not in ");
	expect_mistake(SITE("client = true;"), "auth.client: the site asks nobody");
	expect_mistake(SITE("client = true; users = \"@/bad\";"), "not several");
	fake_worker_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_slowed),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_require),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
