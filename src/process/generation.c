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

static void free_crew(struct crew *crew)
{
	mem_free(crew->listeners.list);
	if (crew->opened && crew->group->close)
		crew->group->close(crew->opened);
}

void generation_free(struct generation **gp)
{
	struct generation *g = *gp;
	*gp = NULL;
	list_remove(&g->node);
	for (size_t i = 0; i < g->crew_count; i++)
		free_crew(&g->crews[i]);
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

static uint64_t drain_ms(const struct generation *g)
{
	const struct timeouts_settings *t = config_settings(g->snapshot->global, &timeouts_group);
	return (uint64_t)t->drain;
}

static void add_child(
    struct generation *g, struct crew *crew, struct post *post, const struct spawned *spawned)
{
	struct child *c = mem_zalloc(sizeof(*c));
	uint64_t now = clock_mono_ms();
	*c = (struct child){
		.post = post,
		.group = crew->group,
		.drain_ms = drain_ms(g),
		.number = post->number,
		.pid = spawned->pid,
		.channel = spawned->channel,
		.slot = spawned->slot,
		.state = CHILD_STARTING,
		.started_ms = now,
		.deadline_ms = now + CHILD_READY_MS,
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
		.opened = crew->opened,
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

void generation_read(struct generation *g)
{
	LIST_EACH_SAFE (node, &g->children)
		child_read(child_of(node));
}

void generation_expire(struct generation *g, uint64_t now_ms)
{
	LIST_EACH_SAFE (node, &g->children) {
		struct child *c = child_of(node);
		if (c->deadline_ms != 0 && c->deadline_ms <= now_ms)
			child_expire(c);
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

static void mourn(struct generation *g, struct child *c, int status)
{
	struct throttle_life life = child_life(c);
	unsigned delay_ms = c->post ? throttle_death(&c->post->throttle, &life) : 0;
	if (c->post)
		c->post->due_ms = clock_mono_ms() + delay_ms;
	if (!life.ready)
		g->early_deaths++;
	struct obituary o = {
		.group = c->group->name,
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
	child_read(c); /* its last words */
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

void generation_drain(struct generation *g, bool stop)
{
	g->state = GENERATION_DRAINING;
	LIST_EACH (node, &g->children) {
		child_of(node)->post = NULL;
		child_drain(child_of(node), stop);
	}
}

void generation_cut(struct generation *g)
{
	g->state = GENERATION_DRAINING;
	LIST_EACH (node, &g->children) {
		child_of(node)->post = NULL;
		if (child_of(node)->state != CHILD_CUT)
			child_cut(child_of(node));
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
		post->child->post = NULL;
		child_drain(post->child, false);
		post->child = NULL;
	}
	return OK;
}

void generation_send_logs(struct generation *g)
{
	enum { LOGS_MAX = 256 };
	int fds[LOGS_MAX];
	LIST_EACH (node, &g->children) {
		struct child *c = child_of(node);
		const struct worker_group *group = c->group;
		size_t n = group->keep ? group->keep(fds, LOGS_MAX) : 0;
		for (size_t i = 0; i < n; i++)
			child_send(c, CHANNEL_REOPENED, (uint32_t)i, fds[i]);
		if (g->log.path)
			child_send(c, CHANNEL_ERROR_LOG, 0, g->log.sink.fd);
	}
}

unsigned generation_count(const struct generation *g, enum child_state state)
{
	unsigned count = 0;
	LIST_EACH (node, &g->children)
		count += child_of(node)->state == state;
	return count;
}
