/*
 * slow_log_test.c - requests that take long are told, and a flood of them is not.
 */
#include "middleware/slow_log.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/core.h"
#include "handler/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct handler *const handlers[] = { &files_handler, NULL };
static const struct middleware *const middleware[] = { &slow_log_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

struct world {
	struct fake_worker w;
	int log;
	char text[65536];
};

static void begin(struct world *w, const char *slow)
{
	char config[256];
	fake_worker_init(&w->w, &modules, false);
	fake_file(&w->w, "a", "hello");
	snprintf(config, sizeof(config),
	    "sites = ( { names = \"example.org\"; root = \"@\"; log = { slow = \"%s\"; }; } );",
	    slow);
	fake_worker_config(&w->w, config);
	w->log = memfd_create("log", 0);
	log_init(&(struct log_sink){ .fd = w->log, .level = LOG_LEVEL_NOTICE });
}

static void end(struct world *w)
{
	log_init(&(struct log_sink){ .fd = STDERR_FILENO, .level = LOG_LEVEL_NOTICE });
	close(w->log);
	fake_worker_fini(&w->w);
}

/* A request that came `ms` ago. */
static void ask(struct world *w, const char *path, uint64_t ms)
{
	struct fake_request f;
	fake_request_init(&f, w->w.sites, path);
	f.r.received_us = clock_mono_us() - ms * 1000;
	fake_request_start(&f);
	fake_request_fini(&f);
}

static const char *said(struct world *w)
{
	ssize_t n = pread(w->log, w->text, sizeof(w->text) - 1, 0);
	w->text[n > 0 ? n : 0] = '\0';
	return w->text;
}

static void test_told(void **state)
{
	static struct world w;
	unsigned long long whole = 0, began = 0;
	char id[17] = "";
	(void)state;
	begin(&w, "1m");
	ask(&w, "/a", 0);
	assert_string_equal(said(&w), "");
	ask(&w, "/none\n\"x", 3600000);
	const char *line = strstr(said(&w), "slow request: ");
	assert_non_null(line);
	assert_non_null(strstr(w.text, " warning slow request: GET /none\\x0a\"x on example.org "
				       "(route /*) took 36"));
	assert_int_equal(sscanf(strstr(line, "took "),
			     "took %llu ms, %llu ms of it until the answer began: status 404, from "
			     "192.0.2.1, request %16[0-9a-f]\n",
			     &whole, &began, id),
	    3);
	assert_true(began >= 3600000 && whole >= began);
	assert_int_equal(strlen(id), 16);
	end(&w);
}

static void test_flood(void **state)
{
	static struct world w;
	(void)state;
	begin(&w, "1m");
	for (int i = 0; i < 100; i++)
		ask(&w, "/a", 3600000);
	const char *line = said(&w);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1); /* one */
	end(&w);
}

static void test_off(void **state)
{
	static struct world w;
	struct fake_request f;
	(void)state;
	begin(&w, "0s");
	fake_request_init(&f, w.w.sites, "/a");
	fake_request_start(&f);
	assert_int_equal(exchange_of(&f.r)->route->step_count, 0); /* it costs nothing */
	fake_request_fini(&f);
	end(&w);
}

/* A client that leaves after it has waited long, without an answer. */
static void test_left(void **state)
{
	static struct world w;
	struct fake_request f;
	(void)state;
	begin(&w, "1m");
	fake_request_init(&f, w.w.sites, "/a");
	f.r.received_us = clock_mono_us() - 3600000000;
	fake_request_start(&f);
	f.done = false;
	f.r.response.status = 0;
	exchange_of(&f.r)->answered_us = 0;
	fake_request_fini(&f);
	assert_non_null(strstr(said(&w), ": status 499, from "));
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
