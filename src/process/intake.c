/*
 * intake.c - see intake.h.
 */
#include "process/intake.h"

#include "base/log.h"
#include "base/mem.h"
#include "config/core.h"
#include "process/rundir.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { GROUPS_MAX = 16 }; /* kinds of workers that this program has */

static const struct config_place nowhere = { .file = NULL };

static const char *given_string(const struct snapshot *s, const char *key, const char *value)
{
	return config_given(s->global, &core_group, key) ? value : NULL;
}

/* Who the workers would be; what is wrong with that stands where its name is written. */
static int choose(const struct snapshot *s, const struct privileges_facts *facts,
    struct privileges *out, struct config_report *report)
{
	char text[512];
	int result = privileges_choose(facts, out, text, sizeof(text));
	/* The group is looked for when the user is found. */
	const char *key = result < 0 && out->user[0] && facts->group ? "group" : "user";
	bool given = key[0] == 'g' || facts->user;
	struct config_place place = given ? config_place(s->global, &core_group, key) : nowhere;
	if (result < 0)
		report_mistake(report, place, "%s", text);
	else if (text[0])
		report_warning(report, place, "%s", text);
	return result;
}

int intake_privileges(
    const struct snapshot *s, struct privileges *out, struct config_report *report)
{
	const struct core_settings *core = core_settings(s);
	struct privileges_facts facts = {
		.user = given_string(s, "user", core->user),
		.group = given_string(s, "group", core->group),
		.directory = s->file ? NULL : rundir_served(s),
	};
	privileges_look(&facts);
	int result = choose(s, &facts, out, report);
	if (result < 0 && !out->user[0] && facts.group) {
		/* With a user that there is: both mistakes in one go. */
		struct privileges unused;
		facts.user = "root";
		(void)choose(s, &facts, &unused, report);
	}
	return result;
}

static void check_groups(const struct worker_group *const *groups, const struct snapshot *s,
    const struct privileges *p, struct config_report *report)
{
	for (size_t i = 0; groups[i]; i++)
		if (groups[i]->check)
			groups[i]->check(s, p->uid, p->gid, report);
}

void master_check(const struct snapshot *s, const struct worker_group *const *groups,
    struct config_report *report)
{
	struct privileges p;
	if (intake_privileges(s, &p, report) < 0)
		p = (struct privileges){ .uid = geteuid(), .gid = getegid() };
	check_groups(groups, s, &p, report);
}

int master_become_worker(const struct snapshot *s)
{
	struct privileges p;
	struct config_report *report = report_new(); /* master_check has told already */
	int rc = intake_privileges(s, &p, report);
	report_free(&report);
	if (rc == OK && privileges_drop(&p) < 0) {
		log_error("cannot become user '%s': %s", p.user, strerror(errno));
		rc = ERR_DENIED;
	}
	return rc;
}

static void on_check(void *ctx, const struct snapshot *s, struct config_report *report)
{
	struct master *m = ctx;
	/* Who the workers are is decided once: a change of `user` needs a restart. */
	if (m->phase == PHASE_STARTING && intake_privileges(s, &m->privileges, report) < 0)
		m->privileges = (struct privileges){ .uid = geteuid(), .gid = getegid() };
	check_groups(m->options->groups, s, &m->privileges, report);
}

struct snapshot *intake_read(struct master *m, struct config_report *report)
{
	struct config_request request = *m->options->config;
	request.check = on_check;
	request.check_ctx = m;
	return config_load(&request, report);
}

static void on_listener(void *ctx, int spec, const char *text)
{
	(void)spec;
	report_mistake(ctx, nowhere, "%s", text);
}

/* All groups' specs in one array, so that an address may move from one group to another. */
static size_t collect_specs(const struct master *m, const struct snapshot *s,
    struct listen_spec **specs_out, struct generation_specs *parts_out)
{
	size_t total = 0;
	*specs_out = NULL;
	for (size_t i = 0; m->options->groups[i]; i++) {
		assert(i < GROUPS_MAX);
		const struct listen_spec *specs;
		size_t n = m->options->groups[i]->listens(s, &specs);
		parts_out[i] = (struct generation_specs){ total, n };
		if (n == 0)
			continue;
		*specs_out = mem_realloc(*specs_out, (total + n) * sizeof(**specs_out));
		memcpy(*specs_out + total, specs, n * sizeof(*specs));
		total += n;
	}
	return total;
}

static int open_listeners(struct master *m, struct generation *g, struct config_report *report)
{
	struct generation_specs parts[GROUPS_MAX] = { { 0, 0 } };
	struct listen_spec *specs;
	size_t count = collect_specs(m, g->snapshot, &specs, parts);
	const struct listener_set *have = m->current ? &m->current->listeners : &m->adopted;
	struct listener_report told = { on_listener, report };
	int result = listener_set_open(&g->listeners, specs, count, have, &told);
	mem_free(specs);
	for (size_t i = 0; result == OK && m->options->groups[i]; i++)
		generation_add_crew(g, i, m->options->groups[i], parts[i]);
	return result;
}

static void open_errorlog(struct master *m, struct generation *g, struct config_report *report)
{
	const struct log_settings *log = config_settings(g->snapshot->global, &log_group);
	struct config_place place = config_place(g->snapshot->global, &log_group, "error");
	int result = errorlog_open(&g->log, log->error, log->level, m->detached);
	if (result == ERR_NOTFOUND)
		report_mistake(report, place,
		    "'%s' names no facility of syslog (expected \"syslog:daemon\", "
		    "\"syslog:local0\" or the like)",
		    log->error);
	else if (result < 0)
		report_mistake(
		    report, place, "cannot open error log '%s': %s", log->error, strerror(errno));
}

void intake_close(struct master *m, struct generation *g, const struct generation *heir)
{
	const struct listener_set *kept = heir ? &heir->listeners : &m->adopted;
	for (size_t i = 0; i < g->crew_count; i++)
		g->crews[i].listeners.count = 0; /* the names were the set's */
	/* Files of unix sockets that came from others, or went to others, are theirs. */
	listener_set_close(&g->listeners, kept, !m->activated && !m->handed);
	g->listeners = (struct listener_set){ NULL, 0 };
}

/* Without crews, when a listener could not be opened, it is done to hear all mistakes. */
static void open_groups(struct master *m, struct generation *g, struct config_report *report)
{
	for (size_t i = 0; m->options->groups[i]; i++) {
		const struct worker_group *group = m->options->groups[i];
		void *opened = group->open ? group->open(g->snapshot, report) : NULL;
		if (i < g->crew_count)
			g->crews[i].opened = opened;
		else if (opened && group->close)
			group->close(opened);
	}
}

struct generation *intake_open(struct master *m, struct snapshot *s, struct config_report *report)
{
	struct generation *g = generation_new(++m->last_generation, s);
	open_errorlog(m, g, report);
	bool opened = open_listeners(m, g, report) == OK;
	open_groups(m, g, report);
	if (report_mistakes(report) == 0)
		return g;
	if (opened)
		intake_close(m, g, m->current);
	generation_free(&g);
	m->last_generation--;
	return NULL;
}
