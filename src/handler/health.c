/*
 * health.c - whether the server is well, for load balancers and whoever else asks often.
 *
 * Without settings it answers 200 as long as a worker turns its loop: that it lives. With `ready`
 * it says 503 once the server was told to stop, so that nobody sends it anything new, and with
 * `files` and `disks` where one of these is not as it has to be. The file system is asked in a
 * thread, at most once a second however many ask us; one that does not answer is a failure, too.
 */
#include "handler/health.h"

#include "app/guard.h"
#include "base/list.h"
#include "base/log.h"
#include "config/core.h"
#include "event/offload.h"
#include "handler/health_look.h"

#include <stdio.h>

enum {
	FRESH_MS = 1000,
	/* Who asks has a time-out of his own, usually of some seconds: he is to hear that it is the
	 * file system before he thinks that it is us. */
	PATIENCE_MS = 2000,
	/* Of an answer: some hundred checks with long paths. */
	BODY_MAX = 1 << 20,
};

static const struct key disk_keys[] = {
	{ .name = "path",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct health_disk, path),
	    .required = true,
	    .help = "a file or directory on the disk" },
	{ .name = "free",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct health_disk, free),
	    .required = true,
	    .help = "room that has to be there" },
	KEYS_END,
};

static const struct key_group disk_group = {
	.name = "disks",
	.keys = disk_keys,
	.size = sizeof(struct health_disk),
	.help = "a disk that needs some room",
};

static const struct key health_keys[] = {
	{ .name = "ready",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct health_settings, ready),
	    .def = "false",
	    .help = "503 once the server was told to stop" },
	{ .name = "files",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct health_settings, files),
	    .help = "files or directories that have to be there" },
	{ .name = "disks",
	    .type = KEY_GROUPS,
	    .offset = KEY_AT(struct health_settings, disks),
	    .group = &disk_group,
	    .help = "disks that need some room" },
	KEYS_END,
};

static void check_path(
    const char *key, const char *path, struct config_place at, struct config_report *report)
{
	if (path && path[0] != '/')
		report_mistake(report, at,
		    "health.%s: '%s' does not begin with '/' (expected the path of a file or a "
		    "directory)",
		    key, path);
}

static void check_settings(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct route_settings *route = config_settings(scope, &route_group);
	const struct health_settings *s = settings;
	const struct health_disk *disks = s->disks.list;
	for (size_t i = 0; i < s->files.count; i++)
		check_path(
		    "files", s->files.list[i], config_place(scope, &health_group, "files"), report);
	for (size_t i = 0; i < s->disks.count; i++)
		check_path("disks.path", disks[i].path, s->disks.places[i], report);
	if (!route->handler || strcmp(route->handler, "health") != 0)
		report_mistake(report, config_place(scope, &health_group, NULL),
		    "health: nobody asks for it (the route needs handler = \"health\")");
}

const struct key_group health_group = {
	.name = "health",
	.scopes = SCOPE_ROUTE,
	.keys = health_keys,
	.size = sizeof(struct health_settings),
	.help = "what a health check looks at",
	.check = check_settings,
};

/* Of a route. */
struct health {
	struct offload_job job;
	struct health_check *asked; /* the thread's while `running` */
	struct health_check *known; /* what it last brought */
	size_t count;
	bool ready;
	bool details;
	bool running;
	bool late; /* runs for longer than we wait */
	bool passed;
	uint64_t known_ms; /* when; 0: never */
	struct list waiting;
	struct timer patience;
};

/* A request that waits; in its own arena. */
struct waiter {
	struct list node;
	struct request *request;
};

static void answer(struct request *r, const struct health *h)
{
	bool stopping = h->ready && app_worker.stopping;
	bool passed = h->count == 0 || (h->passed && !h->late);
	const char *status = stopping ? "draining" : passed ? "ok" : h->late ? "late" : "fail";
	struct buf body;
	buf_init(&body, BODY_MAX);
	if (health_write(&body, status, h->known, h->known_ms ? h->count : 0, h->details) < 0) {
		buf_fini(&body);
		response_error(r, 500, "too many health checks");
		return;
	}
	r->response.status = !stopping && passed ? 200 : 503;
	response_add_static(
	    r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), SLICE("application/json"));
	response_add_static(r, FIELD_CACHE_CONTROL, SLICE("Cache-Control"), SLICE("no-store"));
	response_set_body(r, arena_dup(&r->arena, buf_peek(&body)), NULL);
	buf_fini(&body);
	response_start(r);
}

static void answer_all(struct health *h)
{
	while (!list_empty(&h->waiting)) {
		struct waiter *w = CONTAINER_OF(h->waiting.next, struct waiter, node);
		list_remove(&w->node);
		chain_came_back(w->request);
		answer(w->request, h);
	}
}

/* Whoever watches the log is told once, not at each question. */
static void tell_change(const struct health_check *then, const struct health_check *now, bool first)
{
	char room[32] = "";
	if (now->passed == then->passed && !first)
		return;
	if (now->passed) {
		if (!first)
			log_notice("health: '%s' is as it has to be again", now->path);
		return;
	}
	if (now->error == 0)
		snprintf(room, sizeof(room), "%llu bytes", (unsigned long long)now->found);
	log_warning("health: '%s': %s%s", now->path,
	    now->error ? strerror(now->error) : "too little room: ", room);
}

static void take(struct health *h)
{
	h->passed = true;
	for (size_t i = 0; i < h->count; i++) {
		tell_change(&h->known[i], &h->asked[i], h->known_ms == 0);
		h->known[i] = h->asked[i];
		h->passed &= h->asked[i].passed;
	}
	h->known_ms = app_worker.loop ? loop_now_ms(app_worker.loop) : 1;
}

static void on_work(struct offload_job *job)
{
	struct health *h = CONTAINER_OF(job, struct health, job);
	health_look(h->asked, h->count);
}

static void on_done(struct offload_job *job)
{
	struct health *h = CONTAINER_OF(job, struct health, job);
	h->running = h->late = false;
	timer_clear(app_worker.loop, &h->patience);
	take(h);
	answer_all(h);
}

static void on_impatient(struct timer *t)
{
	struct health *h = CONTAINER_OF(t, struct health, patience);
	h->late = true;
	log_warning("health: the file system does not answer");
	answer_all(h);
}

static void on_gone(struct request *r, void *ctx)
{
	struct waiter *w = ctx;
	(void)r;
	list_remove(&w->node);
}

static void wait_for_it(struct request *r, struct health *h)
{
	struct waiter *w = arena_alloc(&r->arena, sizeof(*w));
	w->request = r;
	list_append(&h->waiting, &w->node);
	chain_wait(r, on_gone, w);
}

/* False if the threads have too much to do. */
static bool look(struct health *h)
{
	if (!app_worker.pool) { /* without a loop there is none to hold up */
		health_look(h->asked, h->count);
		take(h);
		return true;
	}
	if (offload_submit(app_worker.pool, &h->job) < 0)
		return false;
	h->running = true;
	timer_set(app_worker.loop, &h->patience, loop_now_ms(app_worker.loop) + PATIENCE_MS);
	return true;
}

static bool is_known(const struct health *h)
{
	if (h->count == 0 || h->late)
		return true;
	return h->known_ms && app_worker.loop &&
	       loop_now_ms(app_worker.loop) - h->known_ms < FRESH_MS;
}

static void handle(struct request *r, void *state)
{
	struct health *h = state;
	if ((h->ready && app_worker.stopping) || is_known(h))
		answer(r, h);
	else if (!h->running && !look(h))
		response_error(r, 503, "too busy to look at the file system");
	else if (h->running)
		wait_for_it(r, h);
	else
		answer(r, h);
}

static void *prepare(const struct config_scope *route, struct arena *arena)
{
	const struct health_settings *s = config_settings(route, &health_group);
	struct health *h = arena_zalloc(arena, sizeof(*h));
	h->count = health_checks(s, NULL);
	h->asked = arena_zalloc(arena, (h->count + 1) * sizeof(*h->asked));
	h->known = arena_zalloc(arena, (h->count + 1) * sizeof(*h->known));
	health_checks(s, h->asked);
	h->ready = s->ready;
	/* What the server's disks are called is not for everybody. */
	h->details = scope_is_guarded(route);
	h->job = (struct offload_job){ .work = on_work, .done = on_done };
	h->patience.on_due = on_impatient;
	list_init(&h->waiting);
	return h;
}

static void explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct health *h = state;
	(void)r;
	snprintf(text_out, room, "%s, with %zu checks", h->ready ? "ready" : "alive", h->count);
}

static const struct key_group *const groups[] = { &health_group, NULL };

const struct handler health_handler = {
	.name = "health",
	.groups = groups,
	.methods = 1u << METHOD_GET | 1u << METHOD_HEAD,
	.prepare = prepare,
	.handle = handle,
	.explain = explain,
};
