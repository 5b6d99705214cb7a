/*
 * status.c - see status.h. One fact a line, `name: value`, then a line for each worker; for people,
 * and simple to cut for scripts.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "process/status.h"

#include "app/escape.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/human.h"
#include "config/core.h"
#include "process/sandbox.h"

#include <stdarg.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* A line that has no room is left out: the bound is far beyond what 256 workers need. */
static void line(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void line(struct buf *out, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int result = buf_vprintf(out, fmt, ap);
	va_end(ap);
	if (result == OK && buf_byte(out, '\n') < 0)
		return;
}

static const char *const generation_states[] = {
	[GENERATION_STARTING] = "starting",
	[GENERATION_SERVING] = "serving",
	[GENERATION_DRAINING] = "draining",
};

static const char *const child_states[] = {
	[CHILD_STARTING] = "starting",
	[CHILD_READY] = "ready",
	[CHILD_DRAINING] = "draining",
	[CHILD_CUT] = "ending",
};

static void write_child(struct buf *out, const struct child *c)
{
	const struct score_slot *slot = score_at(c->slot);
	char age[HUMAN_TEXT];
	human_age(clock_mono_ms() - c->started_ms, age);
	line(out, "  %s worker %u: pid %d, %s, age %s, connections %u, in hand %u, requests %llu",
	    c->group->name, c->number, (int)c->pid, child_states[c->state], age,
	    (unsigned)atomic_load(&slot->connections), (unsigned)atomic_load(&slot->in_hand),
	    (unsigned long long)(atomic_load(&slot->requests) - c->requests_before));
}

static void write_generation(struct buf *out, const struct generation *g)
{
	line(out, "generation %u: %s, configuration %s, workers %u", g->id,
	    generation_states[g->state], g->snapshot->digest,
	    generation_count(g, CHILD_READY) + generation_count(g, CHILD_DRAINING));
	LIST_EACH (node, &g->children)
		write_child(out, CONTAINER_OF(node, struct child, node));
}

/* What holds for every worker that serves. */
static uint32_t sandbox_of(const struct generation *g)
{
	uint32_t parts = SANDBOX_LANDLOCK | SANDBOX_SECCOMP;
	bool any = false;
	LIST_EACH (node, &g->children) {
		const struct child *c = CONTAINER_OF(node, struct child, node);
		if (c->state != CHILD_READY)
			continue;
		parts &= c->sandbox;
		any = true;
	}
	return any ? parts : 0;
}

static void write_current(struct buf *out, const struct generation *g)
{
	char sandbox[64];
	sandbox_describe(sandbox_of(g), sandbox, sizeof(sandbox));
	line(out, "configuration: %s", g->snapshot->file ? g->snapshot->file : "none");
	line(out, "digest: %s", g->snapshot->digest);
	line(out, "sandbox: %s", sandbox);
	for (size_t i = 0; i < g->listeners.count; i++)
		line(out, "listener: %s", g->listeners.list[i].name);
	for (size_t i = 0; i < g->crew_count; i++)
		if (g->crews[i].group->status)
			g->crews[i].group->status(g->crews[i].opened, out);
}

static void write_changes(struct buf *out)
{
	const struct score_master *s = score_master();
	line(out, "reloads: %llu, refused %llu", (unsigned long long)atomic_load(&s->reloads[1]),
	    (unsigned long long)atomic_load(&s->reloads[0]));
	line(out, "upgrades: %llu, failed %llu", (unsigned long long)atomic_load(&s->upgrades[1]),
	    (unsigned long long)atomic_load(&s->upgrades[0]));
}

/* The newest first. Escaped, as in the log. */
static void write_events(struct buf *out)
{
	enum { EVENTS_TOLD = 10 };
	struct event e;
	char date[32];
	for (unsigned age = 0; age < EVENTS_TOLD; age++) {
		if (!event_ring_read(score_events(), age, &e))
			continue;
		date_format_iso((time_t)(e.time_ms / 1000), (unsigned)(e.time_ms % 1000), date);
		if (buf_printf(out, "event: %s %s ", date, log_level_name(e.level)) < 0 ||
		    escape_append(out, slice_of(e.text, e.len), ESCAPE_LOG) < 0 ||
		    buf_byte(out, '\n') < 0)
			return;
	}
}

void status_write(void *ctx, struct buf *out)
{
	const struct master *m = ctx;
	char uptime[HUMAN_TEXT];
	human_age(clock_mono_ms() - m->started_ms, uptime);
	line(out, "master: pid %d", (int)getpid());
	line(out, "version: %s", PACKAGE_VERSION);
	line(out, "uptime: %s", uptime);
	if (m->current)
		write_current(out, m->current);
	line(out, "connections: %u", score_connections());
	line(out, "restarts: %llu", (unsigned long long)atomic_load(&score_master()->restarts));
	write_changes(out);
	LIST_EACH (node, &m->generations)
		write_generation(out, CONTAINER_OF(node, struct generation, node));
	write_events(out);
	/* The last newline is the verdict's. */
	if (out->len > 0)
		out->data[--out->len] = '\0';
}
