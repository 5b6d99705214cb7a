/*
 * inherit.c - see inherit.h.
 */
#include "process/inherit.h"

#include "process/channel.h"
#include "process/claim.h"
#include "process/descriptors.h"
#include "process/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum {
	SWEEP_MS = 1000,
	SWEEPS_MAX = 60, /* workers of a dead master end within seconds */
};

static void set_log(const struct inheritance *in)
{
	struct log_sink sink = {
		.fd = in->log,
		.syslog_facility = in->facility,
		.level = LOG_LEVEL_NOTICE,
		.terminal = in->log >= 0 && isatty(in->log),
	};
	if (in->log > STDERR_FILENO)
		fcntl(in->log, F_SETFD, FD_CLOEXEC);
	log_init(&sink);
}

/* A board of another layout is left to the old workers; the limits are counted anew then. */
static void take_board(struct master *m, int fd)
{
	if (fd >= 0 && scoreboard_adopt(&m->board, fd) < 0) {
		log_notice("the predecessor's scoreboard has another layout: counting begins anew");
		close(fd);
	}
}

/* Whatever else came through the exec is nobody's. */
static void keep_inheritance(const struct inheritance *in)
{
	int fds[UPGRADE_LISTENERS + 3] = { in->channel, in->board, in->log };
	memcpy(fds + 3, in->listeners, in->count * sizeof(*fds));
	descriptors_keep(fds, in->count + 3);
}

int inherit_take(struct master *m)
{
	const char *text = getenv(UPGRADE_VARIABLE);
	struct inheritance in;
	if (!text)
		return ERR_NOTFOUND;
	int result = inheritance_parse(text, &in);
	unsetenv(UPGRADE_VARIABLE);
	if (result < 0 || fcntl(in.channel, F_SETFD, FD_CLOEXEC) < 0) {
		log_error("%s in the environment is not from a running server", UPGRADE_VARIABLE);
		return ERR_SYNTAX;
	}
	keep_inheritance(&in);
	set_log(&in);
	take_board(m, in.board);
	m->predecessor.channel = in.channel;
	m->predecessor.waiting = true;
	m->last_generation = in.generation;
	m->detached = in.detached;
	m->activated = in.activated;
	if (listener_set_adopt(&m->adopted, in.listeners, in.count) < 0) {
		log_error("cannot use the predecessor's sockets: %s", strerror(errno));
		return ERR_IO;
	}
	return OK;
}

static void tell(struct master *m, enum channel_type type)
{
	struct channel_message message = { .type = type, .fd = -1 };
	if (channel_send(m->predecessor.channel, &message) < 0)
		log_debug("the predecessor does not hear");
}

bool inherit_finish(struct master *m)
{
	struct predecessor *p = &m->predecessor;
	if (p->waiting && !p->told) {
		p->told = true;
		tell(m, CHANNEL_READY);
	}
	return !p->waiting;
}

void inherit_refuse(struct master *m)
{
	if (m->predecessor.channel >= 0)
		close(m->predecessor.channel);
	m->predecessor = (struct predecessor){ .channel = -1 };
}

static void take_over(struct master *m)
{
	m->predecessor.waiting = false;
	if (m->current)
		claim_inherited(m, m->current->snapshot);
	tell(m, CHANNEL_TAKEN);
}

static bool is_ours(const struct master *m, int slot)
{
	LIST_EACH (node, &m->generations) {
		const struct generation *g = CONTAINER_OF(node, struct generation, node);
		LIST_EACH (child, &g->children)
			if (CONTAINER_OF(child, struct child, node)->slot == slot)
				return true;
	}
	return false;
}

/* A predecessor that was killed has not given its workers' slots back. Those that still die are
 * left for the next sweep. */
static bool sweep(struct master *m)
{
	bool clean = true;
	for (int i = 0; i < SCORE_SLOTS; i++) {
		const struct score_slot *slot = score_at(i);
		if (atomic_load(&slot->state) == SCORE_FREE || is_ours(m, i))
			continue;
		pid_t pid = atomic_load(&slot->pid);
		if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
			score_clear_slot(m->board, i);
		else
			clean = false;
	}
	return clean;
}

static void on_gone(struct master *m, uint64_t now_ms)
{
	struct predecessor *p = &m->predecessor;
	close(p->channel);
	p->channel = -1;
	if (p->waiting) {
		log_warning("the predecessor is gone before its time");
		p->waiting = false;
		if (m->current)
			claim_inherited(m, m->current->snapshot);
	}
	p->sweeps = SWEEPS_MAX;
	p->sweep_ms = now_ms;
}

void inherit_step(struct master *m, uint64_t now_ms)
{
	struct predecessor *p = &m->predecessor;
	struct channel_message message;
	int result = ERR_AGAIN;
	while (p->channel >= 0 && (result = channel_receive(p->channel, &message)) == OK)
		if (message.type == CHANNEL_TAKE && p->waiting && m->current)
			take_over(m);
	if (p->channel >= 0 && result != ERR_AGAIN)
		on_gone(m, now_ms);
	if (p->sweeps > 0 && now_ms >= p->sweep_ms) {
		p->sweeps = sweep(m) ? 0 : p->sweeps - 1;
		p->sweep_ms = now_ms + SWEEP_MS;
	}
}

uint64_t inherit_next_ms(const struct master *m)
{
	return m->predecessor.sweeps > 0 ? m->predecessor.sweep_ms : UINT64_MAX;
}
