/*
 * health_test.c - alive and ready: what is looked at, how often, and what is told to whom.
 */
#include "handler/health.h"

#include "../app/fake_wire.h"
#include "app/auth.h"
#include "app/guard.h"
#include "config/core.h"
#include "event/loop.h"
#include "event/offload.h"
#include "handler/health_look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct handler *const handlers[] = { &health_handler, NULL };
static const struct middleware *const middleware[] = { NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &access_group, &auth_group,
	&health_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static void serve(struct fake_worker *w, const char *settings)
{
	char config[1024];
	snprintf(config, sizeof(config),
	    "sites = ( { routes = ( { path = \"/h\"; handler = \"health\"; %s } ); } );", settings);
	fake_worker_config(w, config);
}

static void expect(struct fake_worker *w, int status, const char *body)
{
	struct fake_request f;
	fake_request_init(&f, w->sites, "/h");
	fake_request_start(&f);
	if (app_worker.loop)
		fake_request_finish(&f);
	assert_int_equal(f.r.response.status, status);
	assert_string_equal(fake_response_field(&f, "Cache-Control"), "no-store");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "application/json");
	f.content.data[f.content.len] = '\0';
	if (strcmp(f.content.data, body) != 0)
		fail_msg("wanted %sgot %s", body, f.content.data);
	fake_request_fini(&f);
}

static void test_alive(void **state)
{
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	serve(&w, "");
	expect(&w, 200, "{\"status\":\"ok\",\"checks\":[]}\n");
	app_worker.stopping = true; /* still alive */
	expect(&w, 200, "{\"status\":\"ok\",\"checks\":[]}\n");
	fake_worker_fini(&w);
}

static void test_ready(void **state)
{
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	serve(&w, "health = { ready = true; };");
	expect(&w, 200, "{\"status\":\"ok\",\"checks\":[]}\n");
	app_worker.stopping = true;
	expect(&w, 503, "{\"status\":\"draining\",\"checks\":[]}\n");
	fake_worker_fini(&w);
}

static void test_checks(void **state)
{
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	fake_file(&w, "mounted", "");
	serve(&w,
	    "health = { files = \"@/mounted\"; disks = ( { path = \"@\"; free = \"1k\"; } ); };");
	expect(&w, 200,
	    "{\"status\":\"ok\",\"checks\":[{\"check\":\"file\",\"status\":\"ok\"},"
	    "{\"check\":\"disk\",\"status\":\"ok\"}]}\n");
	unlink(fake_path(&w, "mounted"));
	expect(&w, 503,
	    "{\"status\":\"fail\",\"checks\":[{\"check\":\"file\",\"status\":\"fail\"},"
	    "{\"check\":\"disk\",\"status\":\"ok\"}]}\n");
	serve(&w, "health = { disks = ( { path = \"@\"; free = \"900000000G\"; } ); };");
	expect(&w, 503,
	    "{\"status\":\"fail\",\"checks\":[{\"check\":\"disk\",\"status\":\"fail\"}]}\n");
	serve(&w, "health = { disks = ( { path = \"@/none\"; free = 1; } ); };");
	expect(&w, 503,
	    "{\"status\":\"fail\",\"checks\":[{\"check\":\"disk\",\"status\":\"fail\"}]}\n");
	fake_worker_fini(&w);
}

/* Where strangers do not come. */
static void test_details(void **state)
{
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	serve(&w, "allow = \"192.0.2.1\"; health = { files = [ \"/none/\\\"<\", \"/\" ]; };");
	expect(&w, 503,
	    "{\"status\":\"fail\",\"checks\":[{\"check\":\"file\",\"status\":\"fail\","
	    "\"path\":\"/none/\\\"<\",\"error\":\"No such file or directory\"},"
	    "{\"check\":\"file\",\"status\":\"ok\",\"path\":\"/\"}]}\n");
	fake_worker_fini(&w);
}

static void test_disk_numbers(void **state)
{
	struct health_check c = { .kind = HEALTH_DISK, .path = "/", .wanted = 1ull << 62 };
	struct buf out;
	char wanted[128];
	(void)state;
	health_look(&c, 1);
	assert_int_equal(c.error, 0);
	assert_false(c.passed);
	buf_init(&out, 4096);
	assert_int_equal(health_write(&out, "fail", &c, 1, true), OK);
	snprintf(wanted, sizeof(wanted), "\"free\":%llu,\"wanted\":4611686018427387904}]}\n",
	    (unsigned long long)c.found);
	assert_non_null(strstr(out.data, wanted));
	buf_fini(&out);
	buf_init(&out, 40); /* no room */
	assert_int_equal(health_write(&out, "fail", &c, 1, true), ERR_FULL);
	buf_fini(&out);
}

/* In a thread, once for all who wait, and not again before a second is over. */
static void test_in_a_thread(void **state)
{
	static const char ok[] =
	    "{\"status\":\"ok\",\"checks\":[{\"check\":\"file\",\"status\":\"ok\"}]}\n";
	struct fake_worker w;
	struct fake_request f[3];
	(void)state;
	fake_worker_init(&w, &modules, true);
	fake_file(&w, "mounted", "");
	serve(&w, "health = { files = \"@/mounted\"; };");
	for (int i = 0; i < 3; i++) {
		fake_request_init(&f[i], w.sites, "/h");
		fake_request_start(&f[i]);
		assert_false(f[i].done);
	}
	fake_request_fini(&f[1]); /* its client leaves */
	fake_request_finish(&f[0]);
	fake_request_finish(&f[2]);
	assert_int_equal(f[0].r.response.status, 200);
	assert_int_equal(f[2].r.response.status, 200);
	fake_request_fini(&f[0]);
	fake_request_fini(&f[2]);
	unlink(fake_path(&w, "mounted"));
	fake_request_init(&f[0], w.sites, "/h");
	fake_request_start(&f[0]);
	assert_true(f[0].done); /* at once, as known */
	fake_request_fini(&f[0]);
	expect(&w, 200, ok);
	uint64_t then_ms = loop_now_ms(app_worker.loop);
	while (loop_now_ms(app_worker.loop) < then_ms + 1000)
		loop_turn(app_worker.loop, 50);
	expect(&w, 503,
	    "{\"status\":\"fail\",\"checks\":[{\"check\":\"file\",\"status\":\"fail\"}]}\n");
	fake_worker_fini(&w);
}

static sem_t stuck;

static void on_stuck(struct offload_job *job)
{
	(void)job;
	while (sem_wait(&stuck) < 0)
		;
}

static void on_unstuck(struct offload_job *job)
{
	(void)job;
}

/* Both threads of the pool stand in for a file system that hangs. */
static void test_late(void **state)
{
	struct fake_worker w;
	struct offload_job jobs[2] = { { NULL, on_stuck, on_unstuck },
		{ NULL, on_stuck, on_unstuck } };
	(void)state;
	sem_init(&stuck, 0, 0);
	fake_worker_init(&w, &modules, true);
	serve(&w, "health = { files = \"/\"; };");
	for (int i = 0; i < 2; i++)
		assert_int_equal(offload_submit(app_worker.pool, &jobs[i]), OK);
	expect(&w, 503, "{\"status\":\"late\",\"checks\":[]}\n");
	expect(&w, 503, "{\"status\":\"late\",\"checks\":[]}\n"); /* at once from now on */
	sem_post(&stuck);
	sem_post(&stuck);
	struct fake_request f;
	int status = 503;
	for (int i = 0; i < 500 && status != 200; i++) {
		fake_request_init(&f, w.sites, "/h");
		fake_request_start(&f);
		fake_request_finish(&f);
		status = f.r.response.status;
		fake_request_fini(&f);
		loop_turn(app_worker.loop, 10);
	}
	assert_int_equal(status, 200);
	fake_worker_fini(&w);
	sem_destroy(&stuck);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *route;
		const char *says;
	} rows[] = {
		{ "handler = \"health\"; health = { files = \"data\"; };",
		    "health.files: 'data' does not begin with '/'" },
		{ "handler = \"health\"; health = { disks = ( { path = \"data\"; free = 1; } ); };",
		    "health.disks.path: 'data' does not begin with '/'" },
		{ "handler = \"health\"; health = { disks = ( { path = \"/\"; } ); };",
		    "'free' is missing" },
		{ "handler = \"healthy\";", "no handler has the name 'healthy'" },
		{ "health = { ready = true; };", "health: nobody asks for it" },
	};
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char config[512];
		snprintf(config, sizeof(config),
		    "sites = ( { routes = ( { path = \"/h\"; %s } ); } );", rows[i].route);
		const char *got = fake_worker_mistakes(&w, config);
		if (!strstr(got, rows[i].says))
			fail_msg("%s: '%s'", rows[i].route, got);
	}
	fake_worker_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alive),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_disk_numbers),
		cmocka_unit_test(test_in_a_thread),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
