/*
 * child.c - see child.h.
 */
#include "process/child.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/scoreboard.h"

#include <signal.h>
#include <unistd.h>

static void tell(struct child *c, enum channel_type type, uint32_t value)
{
	struct channel_message m = { .type = type, .value = value, .fd = -1 };
	/* One that does not hear is dead or hangs: its deadline sees to it. */
	if (c->channel >= 0 && channel_send(c->channel, &m) < 0)
		log_debug("worker with pid %d does not hear", (int)c->pid);
}

void child_kill(struct child *c)
{
	c->expected = c->expected || c->state == CHILD_CUT;
	kill(c->pid, SIGKILL);
	/* It goes at once, except from a disk that hangs: then again later. */
	c->deadline_ms = clock_mono_ms() + CHILD_CUT_MS;
}

void child_cut(struct child *c)
{
	tell(c, CHANNEL_CUT, 0);
	c->expected = true;
	c->state = CHILD_CUT;
	c->deadline_ms = clock_mono_ms() + CHILD_CUT_MS;
}

void child_drain(struct child *c, bool stop)
{
	c->expected = true;
	if (c->state == CHILD_STARTING) {
		c->state = CHILD_CUT;
		child_kill(c);
		return;
	}
	if (c->state != CHILD_READY)
		return;
	tell(c, CHANNEL_DRAIN, stop);
	c->state = CHILD_DRAINING;
	c->deadline_ms = clock_mono_ms() + c->drain_ms;
}

/* An operator's SIGQUIT: the worker leaves on its own, and its post is filled before it is gone. */
static void on_leaving(struct child *c)
{
	log_notice("%s worker %u (pid %d) was asked to leave; it is replaced at once",
	    c->group->name, c->number, (int)c->pid);
	c->expected = true;
	c->state = CHILD_DRAINING;
	c->deadline_ms = clock_mono_ms() + c->drain_ms;
	if (c->post) {
		c->post->child = NULL;
		c->post->due_ms = 0;
		c->post = NULL;
	}
}

static void on_message(struct child *c, const struct channel_message *m)
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
			on_leaving(c);
		break;
	}
}

void child_read(struct child *c)
{
	struct channel_message m;
	int result;
	if (c->channel < 0)
		return;
	while ((result = channel_receive(c->channel, &m)) == OK || result == ERR_SYNTAX) {
		if (result == OK) {
			if (m.fd >= 0)
				close(m.fd); /* nobody asked for it */
			on_message(c, &m);
		}
	}
	if (result == ERR_AGAIN)
		return;
	/* It is ending, or it is no worker any more: either way nobody can talk to it. */
	close(c->channel);
	c->channel = -1;
	if (c->deadline_ms == 0)
		c->deadline_ms = clock_mono_ms() + CHILD_CUT_MS;
}

void child_expire(struct child *c)
{
	const char *group = c->group->name;
	switch (c->state) {
	case CHILD_STARTING:
		log_error("%s worker %u (pid %d) is not ready after %u s: killed", group, c->number,
		    (int)c->pid, CHILD_READY_MS / 1000);
		child_kill(c);
		break;
	case CHILD_READY: /* it has closed its channel and lives on */
		child_kill(c);
		break;
	case CHILD_DRAINING:
		log_notice("%s worker %u (pid %d): time to drain is over, %u connections cut",
		    group, c->number, (int)c->pid,
		    (unsigned)atomic_load(&score_at(c->slot)->connections));
		child_cut(c);
		break;
	case CHILD_CUT:
		child_kill(c);
		break;
	}
}

struct throttle_life child_life(const struct child *c)
{
	return (struct throttle_life){
		.ready = c->state != CHILD_STARTING,
		.age_ms = clock_mono_ms() - c->started_ms,
		.requests = atomic_load(&score_at(c->slot)->requests) - c->requests_before,
	};
}

void child_send(struct child *c, enum channel_type type, uint32_t value, int fd)
{
	struct channel_message m = { .type = type, .value = value, .fd = fd };
	if (fd > STDERR_FILENO && c->channel >= 0 && channel_send(c->channel, &m) < 0)
		log_warning("worker with pid %d does not take its reopened log", (int)c->pid);
}
