/*
 * reload.c - see reload.h.
 *
 *   1. read and check all            mistakes: verdict "refused", done
 *   2. open what is new              likewise, what was opened is closed
 *   3. start the new generation      a few early deaths or 10 s: undone
 *   4. every worker accepts          from here on the new one serves
 *   5. the old one drains            its workers stop accepting and say so
 *   6. verdict                       only now: who connects after it meets the new configuration
 */
#include "process/reload.h"

#include "base/clock.h"
#include "process/intake.h"

#include <stdio.h>

enum {
	NOTES_MAX = 256 * 1024, /* thousands of mistakes */
	SETTLE_MS = 2000,       /* a worker that hangs in a request must not hold the verdict up */
};

static void on_report_line(void *ctx, bool mistake, const char *place, const char *text)
{
	struct buf *notes = ctx;
	if (mistake)
		log_error("%s%s", place, text);
	else
		log_warning("%s%s", place, text);
	/* More than there is room for nobody reads; the log has it. */
	if (buf_printf(notes, "%s%s%s\n", place, report_kind(mistake), text) < 0)
		return;
}

static void on_restart_key(void *ctx, const char *key)
{
	struct buf *notes = ctx;
	log_warning("a change of '%s' needs a restart to take effect", key);
	if (buf_printf(notes, "a change of '%s' needs a restart to take effect\n", key) < 0)
		return;
}

static void tell(struct master *m, struct config_report **report)
{
	report_each(*report, on_report_line, &m->reload.notes);
	report_free(report);
}

static struct snapshot *read_next(struct master *m)
{
	struct config_report *report = report_new();
	struct snapshot *s = intake_read(m, report);
	tell(m, &report);
	return s;
}

static int open_next(struct master *m, struct snapshot *s)
{
	struct config_report *report = report_new();
	struct generation *g = intake_open(m, s, report);
	tell(m, &report);
	if (!g)
		return ERR_IO;
	list_append(&m->generations, &g->node);
	m->next = g;
	m->reload.phase = RELOAD_WAITING;
	return OK;
}

struct snapshot *reload_first_read(struct master *m)
{
	buf_init(&m->reload.notes, NOTES_MAX);
	return read_next(m);
}

int reload_first_open(struct master *m, struct snapshot *s)
{
	return open_next(m, s);
}

void reload_begin(struct master *m)
{
	buf_clear(&m->reload.notes);
	control_begin(&m->control, ORDER_RELOAD);
	notify_reloading(&m->notify);
	struct snapshot *s = read_next(m);
	if (!s || open_next(m, s) < 0) {
		notify_ready(&m->notify);
		master_verdict(m, ORDER_RELOAD, false, "%sreload refused: nothing has changed",
		    m->reload.notes.len ? m->reload.notes.data : "");
		return;
	}
	config_compare(m->current->snapshot, m->next->snapshot, on_restart_key, &m->reload.notes);
}

void reload_renew(struct master *m)
{
	buf_clear(&m->reload.notes);
	log_notice("files have changed: reloading them");
	if (open_next(m, snapshot_ref(m->current->snapshot)) < 0)
		log_error("the changed files are not taken up: nothing has changed");
}

void reload_undo(struct master *m, const char *why)
{
	struct generation *g = m->next;
	if (!g)
		return;
	m->next = NULL;
	m->reload.phase = RELOAD_IDLE;
	notify_ready(&m->notify);
	/* Some of its workers may have accepted connections already: those are served to their end.
	 */
	generation_drain(g, m->current == NULL);
	intake_close(m, g, m->current);
	if (m->phase == PHASE_STOPPING && !m->current)
		return; /* nobody waits for it any more */
	master_verdict(m, ORDER_RELOAD, false, "%s%s undone: %s",
	    m->reload.notes.len ? m->reload.notes.data : "", m->current ? "reload" : "start", why);
}

/* The moment of change. */
static void commit(struct master *m, uint64_t now_ms)
{
	struct generation *old = m->current;
	m->current = m->next;
	m->next = NULL;
	m->current->state = GENERATION_SERVING;
	log_init(&m->current->log.sink);
	m->speaker = m->current;
	m->reload.phase = RELOAD_SETTLING;
	m->reload.settle_by_ms = now_ms + SETTLE_MS;
	if (!old)
		return;
	generation_drain(old, false);
	intake_close(m, old, m->current);
}

static bool settled(const struct master *m)
{
	LIST_EACH (node, &m->generations) {
		const struct generation *g = CONTAINER_OF(node, struct generation, node);
		if (g->state == GENERATION_DRAINING && !generation_settled(g))
			return false;
	}
	return true;
}

static void finish(struct master *m)
{
	struct generation *g = m->current;
	m->reload.phase = RELOAD_IDLE;
	if (m->phase == PHASE_STARTING)
		return;
	notify_ready(&m->notify);
	master_verdict(m, ORDER_RELOAD, true,
	    "%sreloaded: generation %u serves with %u workers, configuration %s",
	    m->reload.notes.len ? m->reload.notes.data : "", g->id,
	    generation_count(g, CHILD_READY), g->snapshot->digest);
}

void reload_step(struct master *m, uint64_t now_ms)
{
	struct generation *g = m->next;
	if (m->reload.phase == RELOAD_WAITING) {
		if (g->early_deaths >= GENERATION_EARLY_DEATHS)
			reload_undo(m, "its workers die before they are ready, see the error log");
		else if (generation_ready(g))
			commit(m, now_ms);
		else if (now_ms >= g->deadline_ms)
			reload_undo(m, "its workers were not ready in 10 s");
	}
	if (m->reload.phase == RELOAD_SETTLING && (settled(m) || now_ms >= m->reload.settle_by_ms))
		finish(m);
}

uint64_t reload_next_ms(const struct master *m)
{
	if (m->reload.phase == RELOAD_WAITING)
		return m->next->deadline_ms;
	return m->reload.phase == RELOAD_SETTLING ? m->reload.settle_by_ms : UINT64_MAX;
}
