/*
 * generation.c - see generation.h.
 */
#include "process/generation.h"

#include "base/clock.h"
#include "base/mem.h"
#include "config/core.h"
#include "process/channel.h"
#include "process/obituary.h"
#include "process/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct child *child_of(struct list *node)
{
	return CONTAINER_OF(node, struct child, node);
}

struct generation *generation_new(unsigned id, struct snapshot *snapshot)
{
	struct generation *g = mem_zalloc(sizeof(*g));
	g->id = id;
	g->snapshot = snapshot;
	g->state = GENERATION_STARTING;
	g->deadline_ms = clock_mono_ms() + GENERATION_READY_MS;
	g->log.sink.fd = STDERR_FILENO;
	list_init(&g->node);
	list_init(&g->children);
	return g;
}

void generation_free(struct generation **gp)
{
	struct generation *g = *gp;
	*gp = NULL;
	list_remove(&g->node);
	for (size_t i = 0; i < g->crew_count; i++)
		mem_free(g->crews[i].listeners.list);
	mem_free(g->crews);
	errorlog_close(&g->log);
	snapshot_unref(&g->snapshot);
	mem_free(g);
}

/* The listeners of one group, numbered as its own specs are. */
static void view_listeners(
    const struct listener_set *all, struct generation_specs specs, struct listener_set *out)
{
	out->list = mem_zalloc((all->count + 1) * sizeof(*out->list));
	for (size_t i = 0; i < all->count; i++) {
		const struct listener *l = &all->list[i];
		if (l->spec < 0 || (size_t)l->spec < specs.first ||
		    (size_t)l->spec >= specs.first + specs.count)
			continue;
		out->list[out->count] = *l;
		out->list[out->count++].spec = l->spec - (int)specs.first;
	}
}

void generation_add_crew(struct generation *g, size_t index, const struct worker_group *group,
    struct generation_specs specs)
{
	g->crews = mem_realloc(g->crews, (g->crew_count + 1) * sizeof(*g->crews));
	struct crew *crew = &g->crews[g->crew_count++];
	memset(crew, 0, sizeof(*crew));
	crew->group = group;
	crew->index = (unsigned)index;
	view_listeners(&g->listeners, specs, &crew->listeners);
	for (unsigned i = 0; i < GENERATION_POSTS; i++)
		crew->posts[i].number = i + 1;
	unsigned wanted = group->count(g->snapshot);
	crew->wanted = wanted < GENERATION_POSTS ? wanted : GENERATION_POSTS;
}

static void add_child(
    struct generation *g, struct crew *crew, struct post *post, const struct spawned *spawned)
{
	struct child *c = mem_zalloc(sizeof(*c));
	uint64_t now = clock_mono_ms();
	*c = (struct child){
		.post = post,
		.crew = crew,
		.number = post->number,
		.pid = spawned->pid,
		.channel = spawned->channel,
		.slot = spawned->slot,
		.state = CHILD_STARTING,
		.started_ms = now,
		.deadline_ms = now + GENERATION_READY_MS,
		.requests_before = atomic_load(&score_at(spawned->slot)->requests),
	};
	list_append(&g->children, &c->node);
	post->child = c;
}

static int fill_post(struct generation *g, struct crew *crew, struct post *post,
    const struct generation_context *context)
{
	struct heritage heritage = {
		.group = crew->group,
		.group_index = crew->index,
		.snapshot = g->snapshot,
		.listeners = &crew->listeners,
		.board = context->board,
		.number = post->number,
		.generation = g->id,
		.error_log = g->log.sink.fd,
		.log = &g->log.sink,
		.privileges = context->privileges,
		.detach = context->detach,
	};
	struct spawned spawned;
	int result = spawn_worker(&heritage, &spawned);
	if (result == OK) {
		add_child(g, crew, post, &spawned);
		return OK;
	}
	unsigned delay_ms = throttle_failure(&post->throttle);
	post->due_ms = clock_mono_ms() + delay_ms;
	static struct log_gate gate;
	log_gated(&gate, LOG_LEVEL_ERROR, "cannot start %s worker %u: %s; again in %u ms",
	    crew->group->name, post->number,
	    result == ERR_FULL ? "all slots of the scoreboard are taken" : strerror(errno),
	    delay_ms);
	return result;
}

static int spawn_crew(
    struct generation *g, struct crew *crew, const struct generation_context *context)
{
	uint64_t now = clock_mono_ms();
	for (unsigned i = 0; i < crew->wanted; i++) {
		struct post *post = &crew->posts[i];
		if (post->child || post->due_ms > now)
			continue;
		/* What keeps one from starting keeps the others, too, in the same moment. */
		int result = fill_post(g, crew, post, context);
		if (result < 0)
			return result;
	}
	return OK;
}

int generation_spawn(struct generation *g, const struct generation_context *context)
{
	if (g->state == GENERATION_DRAINING)
		return OK;
	for (size_t i = 0; i < g->crew_count; i++) {
		int result = spawn_crew(g, &g->crews[i], context);
		if (result < 0)
			return result;
	}
	return OK;
}

static void tell(struct child *c, enum channel_type type, uint32_t value)
{
	struct channel_message m = { .type = type, .value = value, .fd = -1 };
	/* One that does not hear is dead or hangs: its deadline sees to it. */
	if (c->channel >= 0 && channel_send(c->channel, &m) < 0)
		log_debug("worker with pid %d does not hear", (int)c->pid);
}

static void kill_child(struct child *c)
{
	c->expected = c->expected || c->state == CHILD_CUT;
	kill(c->pid, SIGKILL);
	/* It goes at once, except from a disk that hangs: then again later. */
	c->deadline_ms = clock_mono_ms() + GENERATION_CUT_MS;
}

static void cut_child(struct child *c)
{
	tell(c, CHANNEL_CUT, 0);
	c->expected = true;
	c->state = CHILD_CUT;
	c->deadline_ms = clock_mono_ms() + GENERATION_CUT_MS;
}

static void drain_child(struct child *c, bool stop, uint64_t drain_ms)
{
	c->expected = true;
	if (c->state == CHILD_STARTING) {
		c->state = CHILD_CUT;
		kill_child(c);
		return;
	}
	if (c->state != CHILD_READY)
		return;
	tell(c, CHANNEL_DRAIN, stop);
	c->state = CHILD_DRAINING;
	c->deadline_ms = clock_mono_ms() + drain_ms;
}

/* An operator's SIGQUIT: the worker leaves on its own, and its post is filled before it is gone. */
static void on_leaving(struct generation *g, struct child *c)
{
	(void)g;
	log_notice("%s worker %u (pid %d) was asked to leave; it is replaced at once",
	    c->crew->group->name, c->number, (int)c->pid);
	c->expected = true;
	c->state = CHILD_DRAINING;
	if (c->post) {
		c->post->child = NULL;
		c->post->due_ms = 0;
		c->post = NULL;
	}
}

static void on_message(struct generation *g, struct child *c, const struct channel_message *m)
{
	switch (m->type) {
	case CHANNEL_READY:
		if (c->state != CHILD_STARTING)
			break;
		c->state = CHILD_READY;
		c->deadline_ms = 0;
		c->sandbox = m->value;
		break;
	case CHANNEL_DRAINING:
		c->drain_acked = true;
		if (c->state == CHILD_READY)
			on_leaving(g, c);
		break;
	}
}

static void read_child(struct generation *g, struct child *c)
{
	struct channel_message m;
	int result;
	if (c->channel < 0)
		return;
	while ((result = channel_receive(c->channel, &m)) == OK || result == ERR_SYNTAX) {
		if (result == OK) {
			if (m.fd >= 0)
				close(m.fd); /* nobody asked for it */
			on_message(g, c, &m);
		}
	}
	if (result == ERR_AGAIN)
		return;
	/* It is ending, or it is no worker any more: either way nobody can talk to it. */
	close(c->channel);
	c->channel = -1;
	if (c->deadline_ms == 0)
		c->deadline_ms = clock_mono_ms() + GENERATION_CUT_MS;
}

void generation_read(struct generation *g)
{
	LIST_EACH_SAFE (node, &g->children)
		read_child(g, child_of(node));
}

static void expire_child(struct generation *g, struct child *c)
{
	const char *group = c->crew->group->name;
	switch (c->state) {
	case CHILD_STARTING:
		log_error("%s worker %u (pid %d) is not ready after %u s: killed", group, c->number,
		    (int)c->pid, GENERATION_READY_MS / 1000);
		kill_child(c);
		break;
	case CHILD_READY: /* it has closed its channel and lives on */
		kill_child(c);
		break;
	case CHILD_DRAINING:
		log_notice("%s worker %u (pid %d) of generation %u: time to drain is over, %u "
			   "connections cut",
		    group, c->number, (int)c->pid, g->id,
		    (unsigned)atomic_load(&score_at(c->slot)->connections));
		cut_child(c);
		break;
	case CHILD_CUT:
		kill_child(c);
		break;
	}
}

void generation_expire(struct generation *g, uint64_t now_ms)
{
	LIST_EACH_SAFE (node, &g->children) {
		struct child *c = child_of(node);
		if (c->deadline_ms != 0 && c->deadline_ms <= now_ms)
			expire_child(g, c);
	}
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t generation_next_ms(const struct generation *g)
{
	uint64_t next = UINT64_MAX;
	LIST_EACH (node, &g->children)
		if (child_of(node)->deadline_ms != 0)
			next = sooner(next, child_of(node)->deadline_ms);
	if (g->state == GENERATION_DRAINING)
		return next;
	if (g->state == GENERATION_STARTING)
		next = sooner(next, g->deadline_ms);
	for (size_t i = 0; i < g->crew_count; i++)
		for (unsigned p = 0; p < g->crews[i].wanted; p++)
			if (!g->crews[i].posts[p].child)
				next = sooner(next, g->crews[i].posts[p].due_ms);
	return next;
}

bool generation_ready(const struct generation *g)
{
	for (size_t i = 0; i < g->crew_count; i++) {
		const struct crew *crew = &g->crews[i];
		for (unsigned p = 0; p < crew->wanted; p++)
			if (!crew->posts[p].child || crew->posts[p].child->state != CHILD_READY)
				return false;
	}
	return true;
}

bool generation_settled(const struct generation *g)
{
	LIST_EACH (node, &g->children)
		if (!child_of(node)->drain_acked)
			return false;
	return true;
}

struct child *generation_find(const struct generation *g, pid_t pid)
{
	LIST_EACH (node, &g->children)
		if (child_of(node)->pid == pid)
			return child_of(node);
	return NULL;
}

static struct throttle_life life_of(const struct child *c)
{
	return (struct throttle_life){
		.ready = c->state != CHILD_STARTING,
		.age_ms = clock_mono_ms() - c->started_ms,
		.requests = atomic_load(&score_at(c->slot)->requests) - c->requests_before,
	};
}

static void mourn(struct generation *g, struct child *c, int status)
{
	struct throttle_life life = life_of(c);
	unsigned delay_ms = c->post ? throttle_death(&c->post->throttle, &life) : 0;
	if (c->post)
		c->post->due_ms = clock_mono_ms() + delay_ms;
	if (!life.ready)
		g->early_deaths++;
	struct obituary o = {
		.group = c->crew->group->name,
		.number = c->number,
		.pid = c->pid,
		.status = status,
		.age_ms = life.age_ms,
		.replaced = c->post != NULL,
		.delay_ms = delay_ms,
		.slot = score_at(c->slot),
	};
	char text[1536]; /* a line of the log, less what escaping may add */
	obituary_write(&o, text, sizeof(text));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		log_notice("%s", text);
	else
		log_error("%s", text);
}

void generation_bury(struct generation *g, struct child *c, int status, struct scoreboard *board)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && c->state == CHILD_CUT;
	read_child(g, c); /* its last words */
	if (!c->expected || (!clean && !killed))
		mourn(g, c, status);
	else
		log_debug("worker with pid %d has ended", (int)c->pid);
	if (c->post)
		c->post->child = NULL;
	if (c->channel >= 0)
		close(c->channel);
	score_clear_slot(board, c->slot);
	list_remove(&c->node);
	mem_free(c);
}

void generation_drain(struct generation *g, bool stop, uint64_t drain_ms)
{
	g->state = GENERATION_DRAINING;
	g->stopped = stop;
	LIST_EACH (node, &g->children) {
		child_of(node)->post = NULL;
		drain_child(child_of(node), stop, drain_ms);
	}
}

void generation_cut(struct generation *g)
{
	g->state = GENERATION_DRAINING;
	LIST_EACH (node, &g->children) {
		child_of(node)->post = NULL;
		if (child_of(node)->state != CHILD_CUT)
			cut_child(child_of(node));
	}
}

void generation_kill(struct generation *g)
{
	g->state = GENERATION_DRAINING;
	LIST_EACH (node, &g->children) {
		child_of(node)->post = NULL;
		child_of(node)->expected = true;
		kill_child(child_of(node));
	}
}

int generation_more(struct generation *g)
{
	struct crew *crew = &g->crews[0];
	if (crew->wanted == GENERATION_POSTS)
		return ERR_FULL;
	crew->posts[crew->wanted++].due_ms = 0;
	return OK;
}

int generation_fewer(struct generation *g)
{
	struct crew *crew = &g->crews[0];
	if (crew->wanted <= 1)
		return ERR_RANGE;
	struct post *post = &crew->posts[--crew->wanted];
	if (post->child) {
		const struct timeouts_settings *t =
		    config_settings(g->snapshot->global, &timeouts_group);
		post->child->post = NULL;
		drain_child(post->child, false, (uint64_t)t->drain);
		post->child = NULL;
	}
	return OK;
}

static void send_descriptor(struct child *c, enum channel_type type, uint32_t value, int fd)
{
	struct channel_message m = { .type = type, .value = value, .fd = fd };
	if (fd > STDERR_FILENO && c->channel >= 0 && channel_send(c->channel, &m) < 0)
		log_warning("worker with pid %d does not take its reopened log", (int)c->pid);
}

void generation_send_logs(struct generation *g)
{
	enum { LOGS_MAX = 256 };
	int fds[LOGS_MAX];
	LIST_EACH (node, &g->children) {
		struct child *c = child_of(node);
		const struct worker_group *group = c->crew->group;
		size_t n = group->keep ? group->keep(fds, LOGS_MAX) : 0;
		for (size_t i = 0; i < n; i++)
			send_descriptor(c, CHANNEL_REOPENED, (uint32_t)i, fds[i]);
		if (g->log.path)
			send_descriptor(c, CHANNEL_ERROR_LOG, 0, g->log.sink.fd);
	}
}

unsigned generation_count(const struct generation *g, enum child_state state)
{
	unsigned count = 0;
	LIST_EACH (node, &g->children)
		count += child_of(node)->state == state;
	return count;
}
