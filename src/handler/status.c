/*
 * status.c - the page that shows what the server does now, and the JSON that it is drawn from.
 *
 * The page is one answer with all that it needs: its style and its script carry a number that only
 * this answer has, and nothing else may run or be loaded, whatever a log line or a name on it says.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "handler/status.h"

#include "app/guard.h"
#include "config/core.h"
#include "handler/status_write.h"
#include "http/accept.h"
#include "tls/check.h"

#include <stdio.h>
#include <sys/random.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum {
	PAGE_MAX = 4 << 20, /* 127 sites of 700 bytes, as many workers, 64 events: far below */
	NONCE_BYTES = 16,
};

const char *status_worker_state(enum score_state state)
{
	switch (state) {
	case SCORE_STARTING:
		return "starting";
	case SCORE_READY:
		return "ready";
	case SCORE_DRAINING:
		return "draining";
	case SCORE_FREE:
	case SCORE_DEAD:
		break;
	}
	return "ended";
}

/* --- what is shown --- */

enum { CERTIFICATES_MAX = 256 }; /* two for each site that is counted */

static void on_certificate(void *ctx, const char *file, int64_t ends_s)
{
	struct status_view *v = ctx;
	if (v->certificate_count == CERTIFICATES_MAX)
		return;
	v->certificates[v->certificate_count++] = (struct status_certificate){
		.name = slice_str(file ? file : "made on the spot"),
		.ends_s = ends_s,
	};
}

static void take_certificates(struct status_view *v, struct arena *a)
{
	if (!app_worker.certificates)
		return;
	v->certificates = arena_alloc(a, CERTIFICATES_MAX * sizeof(*v->certificates));
	tls_each_certificate(app_worker.certificates, on_certificate, v);
}

static void take_events(struct status_view *v, struct arena *a)
{
	struct event *list = arena_alloc(a, EVENT_RING_SIZE * sizeof(*list));
	for (unsigned age = 0; age < EVENT_RING_SIZE; age++)
		v->event_count += event_ring_read(score_events(), age, &list[v->event_count]);
	v->events = list;
}

static void take_view(struct status_view *v, struct arena *a)
{
	const struct snapshot *s = app_worker.snapshot;
	const struct limits_settings *limits = config_settings(s->global, &limits_group);
	*v = (struct status_view){
		.version = PACKAGE_VERSION,
		.file = s->file,
		.digest = s->digest,
		.connections_max = limits->connections,
	};
	stats_take(&v->stats, a);
	stats_total(&v->stats, &v->all);
	take_certificates(v, a);
	take_events(v, a);
}

/* --- the answer --- */

static bool wants_json(struct request *r)
{
	if (slice_eq(r->query, SLICE("format=json")))
		return true;
	struct slice accept = fields_join(&r->fields, FIELD_ACCEPT, &r->arena);
	return accept_quality(accept, SLICE("application/json")) >
	       accept_quality(accept, SLICE("text/html"));
}

static void add_fields(struct request *r, struct slice type)
{
	response_add_static(r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), type);
	response_add_static(r, FIELD_CACHE_CONTROL, SLICE("Cache-Control"), SLICE("no-store"));
	response_add_static(r, FIELD_OTHER, SLICE("Vary"), SLICE("Accept"));
	response_add_static(r, FIELD_OTHER, SLICE("X-Content-Type-Options"), SLICE("nosniff"));
}

static int make_nonce(struct slice *out, struct arena *a)
{
	unsigned char bytes[NONCE_BYTES];
	char *text = arena_bytes(a, 2 * sizeof(bytes) + 1);
	if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != sizeof(bytes))
		return ERR_IO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	*out = slice_of(text, 2 * sizeof(bytes));
	return OK;
}

static void add_policy(struct request *r, struct slice nonce)
{
	const char *policy = arena_printf(&r->arena,
	    "default-src 'none'; style-src 'nonce-" SLICE_FMT "'; script-src 'nonce-" SLICE_FMT
	    "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
	    "frame-ancestors 'none'",
	    SLICE_ARG(nonce), SLICE_ARG(nonce));
	response_add_static(r, FIELD_OTHER, SLICE("Content-Security-Policy"), slice_str(policy));
	response_add_static(r, FIELD_OTHER, SLICE("Referrer-Policy"), SLICE("no-referrer"));
}

static void handle(struct request *r, void *state)
{
	struct status_view v;
	struct page p;
	(void)state;
	take_view(&v, &r->arena);
	page_init(&p, PAGE_MAX);
	if (wants_json(r)) {
		add_fields(r, SLICE("application/json"));
		status_write_json(&p, &v);
	} else if (make_nonce(&v.nonce, &r->arena) < 0) {
		p.full = true; /* never seen: the kernel has had random numbers since its start */
	} else {
		add_fields(r, SLICE("text/html; charset=utf-8"));
		add_policy(r, v.nonce);
		status_write_html(&p, &v);
	}
	page_answer(r, &p);
}

static void check(const struct config_scope *route, struct config_report *report)
{
	guard_warn(route, "the status", report);
}

static void explain(struct request *r, void *state, char *text_out, size_t room)
{
	(void)r, (void)state;
	snprintf(text_out, room, "the state of the server");
}

const struct handler status_handler = {
	.name = "status",
	.methods = 1u << METHOD_GET | 1u << METHOD_HEAD,
	.check = check,
	.handle = handle,
	.explain = explain,
};
