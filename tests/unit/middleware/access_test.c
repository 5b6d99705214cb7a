/*
 * access_test.c - allow and deny: who may come, and what is wrong with the lists.
 */
#include "middleware/access.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "app/guard.h"
#include "config/core.h"
#include "handler/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>

static const struct handler *const handlers[] = { &files_handler, NULL };
static const struct middleware *const middleware[] = { &access_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, &access_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static void come_from(struct fake_request *f, const char *addr)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNIX };
	if (inet_pton(AF_INET, addr, &((struct sockaddr_in *)&ss)->sin_addr) == 1)
		ss.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, addr, &((struct sockaddr_in6 *)&ss)->sin6_addr) == 1)
		ss.ss_family = AF_INET6;
	net_addr_from(&f->peer, &ss);
}

static const struct route_step *step_of(const struct fake_request *f)
{
	const struct route *route = exchange_of(&f->r)->route;
	return route->step_count ? &route->steps[0] : NULL;
}

/* What explain says is what was done. */
static void check_explained(struct fake_request *f)
{
	char text[256];
	const struct route_step *step = step_of(f);
	if (!step)
		return;
	enum step said = access_middleware.explain(&f->r, step->state, text, sizeof(text));
	assert_int_equal(said, f->r.response.status == 403 ? STEP_ANSWERED : STEP_NEXT);
	assert_true(
	    slice_starts(slice_str(text), said == STEP_NEXT ? SLICE("allowed: ") : SLICE("403: ")));
}

static int status_for(struct fake_worker *w, const char *addr, const char *path)
{
	struct fake_request f;
	fake_request_init(&f, w->sites, path);
	come_from(&f, addr);
	fake_request_start(&f);
	int status = f.r.response.status;
	check_explained(&f);
	fake_request_fini(&f);
	return status;
}

/* Addresses of which those before "|" may come and those behind may not. */
static void expect(const char *settings, const char *addresses)
{
	struct fake_worker w;
	char config[512];
	int wanted = 200;
	fake_worker_init(&w, &modules, false);
	fake_file(&w, "a", "hello");
	snprintf(config, sizeof(config), "sites = ( { root = \"@\"; %s } );", settings);
	fake_worker_config(&w, config);
	struct slice rest = slice_str(addresses);
	while (rest.ptr) {
		char addr[64];
		struct slice word = slice_split(&rest, ' ');
		snprintf(addr, sizeof(addr), SLICE_FMT, SLICE_ARG(word));
		if (slice_eq(word, SLICE("|")))
			wanted = 403;
		else if (status_for(&w, addr, "/a") != wanted)
			fail_msg("%s: %s is not %d", settings, addr, wanted);
	}
	fake_worker_fini(&w);
}

static void test_lists(void **state)
{
	(void)state;
	expect("allow = [ \"127.0.0.0/8\", \"::1\" ];",
	    "127.0.0.1 127.1.2.3 ::1 | 192.0.2.1 ::2 unix");
	expect("allow = \"192.0.2.1\";", "192.0.2.1 ::ffff:192.0.2.1 | 192.0.2.2");
	expect("allow = \"::ffff:192.0.2.0/120\";", "192.0.2.1 | 192.0.3.1 ::1");
	expect("allow = \"unix\";", "unix | 127.0.0.1 ::1");
	expect("allow = \"all\";", "unix 127.0.0.1 ::1");
	expect("deny = [ \"192.0.2.0/24\", \"2001:db8::/32\" ];",
	    "127.0.0.1 unix ::1 | 192.0.2.1 2001:db8::1");
	expect("deny = \"all\";", "| 127.0.0.1 unix ::1");
	expect("allow = \"0.0.0.0/0\";", "192.0.2.1 | ::1 unix");
}

/* The narrowest decides, whatever comes first. */
static void test_both(void **state)
{
	(void)state;
	expect("allow = \"10.0.0.0/8\"; deny = \"10.1.0.0/16\";", "10.0.0.1 | 10.1.0.1 192.0.2.1");
	expect("deny = \"10.0.0.0/8\"; allow = \"10.1.0.0/16\";", "10.1.0.1 | 10.0.0.1 192.0.2.1");
	expect("allow = [ \"10.0.0.0/8\", \"10.1.2.3\" ]; deny = \"10.1.0.0/16\";",
	    "10.0.0.1 10.1.2.3 | 10.1.2.4");
	expect("allow = [ \"all\", \"10.1.2.3\" ]; deny = \"10.0.0.0/8\";",
	    "192.0.2.1 unix ::1 10.1.2.3 | 10.1.2.4");
	expect("allow = \"10.1.2.3\"; deny = \"all\";", "10.1.2.3 | 10.1.2.4 unix");
	expect("allow = \"10.1.2.3\"; deny = \"10.1.2.3/32\";", "| 10.1.2.3 10.1.2.4");
}

static void test_inherited(void **state)
{
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	fake_file(&w, "a", "hello");
	fake_worker_config(&w,
	    "deny = \"192.0.2.66\";\n"
	    "sites = ( { root = \"@\"; allow = \"192.0.2.0/24\"; routes = (\n"
	    "  { path = \"/own\"; allow = \"198.51.100.1\"; files = { try = \"/a\"; }; },\n"
	    "  { path = \"/lifted\"; deny = []; files = { try = \"/a\"; }; },\n"
	    "  { path = \"/public\"; allow = \"all\"; files = { try = \"/a\"; }; },\n"
	    "  { path = \"/a\"; files = {}; } ); } );");
	assert_int_equal(status_for(&w, "192.0.2.1", "/a"), 200);
	assert_int_equal(status_for(&w, "192.0.2.66", "/a"), 403);
	assert_int_equal(status_for(&w, "198.51.100.1", "/a"), 403);
	assert_int_equal(status_for(&w, "198.51.100.1", "/own"), 200);
	assert_int_equal(status_for(&w, "192.0.2.1", "/own"), 403);
	assert_int_equal(status_for(&w, "192.0.2.66", "/lifted"), 200);
	assert_int_equal(status_for(&w, "198.51.100.1", "/lifted"), 403);
	assert_int_equal(status_for(&w, "198.51.100.1", "/public"), 200);
	assert_int_equal(status_for(&w, "192.0.2.66", "/public"), 403);
	/* Who may not come does not learn what is there either. */
	assert_int_equal(status_for(&w, "192.0.2.1", "/none"), 404);
	assert_int_equal(status_for(&w, "198.51.100.1", "/none"), 403);
	fake_worker_fini(&w);
}

static void test_costs_nothing(void **state)
{
	struct fake_worker w;
	struct fake_request f;
	(void)state;
	fake_worker_init(&w, &modules, false);
	fake_worker_config(&w, "sites = ( { root = \"@\"; deny = []; } );");
	fake_request_init(&f, w.sites, "/none");
	fake_request_start(&f);
	assert_null(step_of(&f));
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static void test_explained(void **state)
{
	struct fake_worker w;
	struct fake_request f;
	char text[256];
	(void)state;
	fake_worker_init(&w, &modules, false);
	fake_worker_config(&w, "sites = ( { root = \"@\";\n"
			       "deny = \"all\";\n"
			       "allow = [ \"::1\", \"192.0.2.0/24\" ]; } );");
	fake_request_init(&f, w.sites, "/none");
	fake_request_start(&f);
	void *access = step_of(&f)->state;
	assert_int_equal(access_middleware.explain(&f.r, access, text, sizeof(text)), STEP_NEXT);
	assert_non_null(strstr(text, "allowed: 192.0.2.1 is in allow by \"192.0.2.0/24\" (/"));
	assert_non_null(strstr(text, ".conf:3)"));
	come_from(&f, "192.0.3.1");
	assert_int_equal(
	    access_middleware.explain(&f.r, access, text, sizeof(text)), STEP_ANSWERED);
	assert_non_null(strstr(text, "403: 192.0.3.1 is in deny by \"all\" (/"));
	assert_non_null(strstr(text, ".conf:2)"));
	f.r.peer = NULL; /* nobody knows who will ask */
	assert_int_equal(access_middleware.explain(&f.r, access, text, sizeof(text)), STEP_WAIT);
	f.r.peer = &f.peer;
	fake_request_fini(&f);
	fake_worker_fini(&w);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *settings;
		const char *says; /* NULL: it is sound */
	} rows[] = {
		{ "allow = \"10.0.0.1/8\";",
		    ".conf:2: allow: '10.0.0.1/8' is no network: bits are set "
		    "behind the prefix (expected \"10.0.0.0/8\"" },
		{ "deny = [ \"::1\",\n\"2001:db8::1/32\" ];",
		    "deny: '2001:db8::1/32' is no network" },
		{ "deny = \"localhost\";",
		    "deny: 'localhost' is no address (expected \"192.0.2.1\"" },
		{ "allow = [];", "allow: an empty list" },
		{ "allow = 7;", "allow: " },
		{ "deny = [];", NULL },
		{ "allow = [ \"unix\", \"all\" ]; deny = \"192.0.2.1\";", NULL },
	};
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char config[256];
		snprintf(
		    config, sizeof(config), "sites = ( { root = \"@\";\n%s } );", rows[i].settings);
		const char *got = fake_worker_mistakes(&w, config);
		if (rows[i].says ? !strstr(got, rows[i].says) : *got != '\0')
			fail_msg("%s: '%s'", rows[i].settings, got);
		const char *end = strchr(got, '\n');
		assert_true(!end || end[1] == '\0'); /* one line */
	}
	/* Once where it stands, not again where it is inherited. */
	const char *got = fake_worker_mistakes(&w, "deny = \"x\"; sites = ( { root = \"@\"; } );");
	assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
	fake_worker_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_costs_nothing),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
