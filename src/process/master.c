/*
 * master.c - the process that everything hangs on: it holds the sockets and does no work that could
 * fail.
 *
 * Signals and clients of the control socket only set flags (signals.h). The loop sleeps in ppoll
 * and then acts in a fixed order, see turn(). Each step looks at the state and does what can be
 * done without waiting.
 */
#include "process/master.h"

#include "base/clock.h"
#include "base/mem.h"
#include "config/core.h"
#include "process/activation.h"
#include "process/claim.h"
#include "process/daemon.h"
#include "process/descriptors.h"
#include "process/inherit.h"
#include "process/intake.h"
#include "process/reload.h"
#include "process/rundir.h"
#include "process/state.h"
#include "process/status.h"
#include "process/title.h"
#include "process/upgrade.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LISTEN_FDS_MAX = 256, /* from a service manager */
	/* Descriptors of a worker that are no connections: listeners, logs, epoll, files being
	   opened. */
	DESCRIPTORS_BESIDE = 128,
	LOOK_MS = 60000, /* at files that may have changed: soon enough for a renewal */
};

static struct generation *generation_of(struct list *node)
{
	return CONTAINER_OF(node, struct generation, node);
}

static void count_verdict(enum order order, bool good)
{
	struct score_master *score = score_master();
	if (order == ORDER_UPGRADE)
		atomic_fetch_add(&score->upgrades[good], 1);
	if (order != ORDER_RELOAD)
		return;
	atomic_fetch_add(&score->reloads[good], 1);
	atomic_store(&score->reload_failed, !good);
	if (good)
		atomic_store(&score->reloaded_ms, clock_wall_ms());
}

void master_verdict(struct master *m, enum order order, bool good, const char *fmt, ...)
{
	struct buf text;
	buf_init(&text, 512 * 1024);
	va_list ap;
	va_start(ap, fmt);
	if (buf_vprintf(&text, fmt, ap) < 0)
		log_debug("a verdict is too long to be told");
	va_end(ap);
	const char *last = text.data ? strrchr(text.data, '\n') : NULL;
	last = last ? last + 1 : text.data ? text.data : "";
	if (good)
		log_notice("%s", last);
	else
		log_error("%s", last);
	if (m->phase != PHASE_STARTING)
		count_verdict(order, good);
	control_verdict(&m->control, order, good, text.data ? text.data : "");
	buf_fini(&text);
}

/* --- 1. sleep --- */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* One change at a time, so not during another. */
static uint64_t look_next_ms(const struct master *m)
{
	bool idle = m->reload.phase == RELOAD_IDLE && !upgrade_busy(m);
	return m->phase == PHASE_RUNNING && idle ? m->look_ms : UINT64_MAX;
}

static uint64_t next_ms(const struct master *m)
{
	uint64_t next = sooner(control_next_ms(&m->control), reload_next_ms(m));
	next = sooner(next, sooner(upgrade_next_ms(m), inherit_next_ms(m)));
	next = sooner(next, notify_next_ms(&m->notify));
	next = sooner(next, look_next_ms(m));
	LIST_EACH (node, &m->generations)
		next = sooner(next, generation_next_ms(generation_of(node)));
	return next;
}

static size_t add_pollfd(struct pollfd *fds, size_t n, int fd)
{
	if (fd >= 0)
		fds[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return n;
}

static void sleep_until_something(struct master *m)
{
	struct pollfd fds[SCORE_SLOTS + CONTROL_POLLFDS + 2];
	size_t n = control_pollfds(&m->control, fds);
	n = add_pollfd(fds, n, upgrade_pollfd(m));
	n = add_pollfd(fds, n, m->predecessor.channel);
	LIST_EACH (node, &m->generations)
		LIST_EACH (child, &generation_of(node)->children)
			n = add_pollfd(fds, n, CONTAINER_OF(child, struct child, node)->channel);
	uint64_t next = next_ms(m), now = clock_mono_ms();
	uint64_t wait = next > now ? next - now : 0;
	struct timespec ts = { (time_t)(wait / 1000), (long)(wait % 1000) * 1000000 };
	ppoll(fds, n, next == UINT64_MAX ? NULL : &ts, &m->waiting);
}

/* --- 2. children --- */

/* Who is no worker is a helper of a group: what it has brought is looked at now. */
static void bury(struct master *m, pid_t pid, int status)
{
	LIST_EACH (node, &m->generations) {
		struct generation *g = generation_of(node);
		struct child *child = generation_find(g, pid);
		if (!child)
			continue;
		if (child->post)
			atomic_fetch_add(&score_master()->restarts, 1);
		generation_bury(g, child, status, m->board);
		return;
	}
	m->look_ms = 0;
}

static void reap(struct master *m)
{
	int status;
	pid_t pid;
	if (!order_take(ORDER_CHILD))
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!upgrade_reap(m, pid, status))
			bury(m, pid, status);
}

/* --- 3. what workers and other masters say --- */

static void hear(struct master *m, uint64_t now_ms)
{
	LIST_EACH (node, &m->generations)
		generation_read(generation_of(node));
	upgrade_step(m, now_ms);
	inherit_step(m, now_ms);
}

/* --- 5. the first generation --- */

static void close_adopted(struct master *m)
{
	struct listener_set *adopted = &m->adopted, *used = &m->current->listeners;
	for (size_t i = 0; i < adopted->count; i++) {
		bool wanted = false;
		for (size_t k = 0; k < used->count; k++)
			wanted = wanted || used->list[k].fd == adopted->list[i].fd;
		if (!wanted && m->activated)
			log_warning(
			    "the socket %s was passed in, but no listen entry asks for it: closed",
			    adopted->list[i].name);
	}
	listener_set_close(adopted, used, !m->activated);
	*adopted = (struct listener_set){ NULL, 0 };
}

static void on_started(struct master *m)
{
	bool upgraded = m->predecessor.told;
	m->phase = PHASE_RUNNING;
	close_adopted(m);
	notify_ready(&m->notify);
	unsigned workers = generation_count(m->current, CHILD_READY);
	const char *plural = workers == 1 ? "" : "s", *digest = m->current->snapshot->digest;
	notify_status(
	    &m->notify, "serving with %u worker%s, configuration %s", workers, plural, digest);
	log_notice("ready: %u worker%s, configuration %s", workers, plural, digest);
	if (m->options->greet && !m->detached && !upgraded)
		m->options->greet(m->current->snapshot, &m->current->listeners);
	if (m->daemon_fd >= 0) {
		daemon_ready(m->daemon_fd);
		m->daemon_fd = -1;
	}
}

/* It serves, or it never will: nothing is retried for ever before that. */
static void start(struct master *m)
{
	if (m->phase != PHASE_STARTING)
		return;
	if (m->current) {
		if (inherit_finish(m))
			on_started(m);
	} else if (!m->next) {
		inherit_refuse(m);
		m->status = EXIT_FAILURE;
		m->phase = PHASE_STOPPING;
		LIST_EACH (node, &m->generations)
			generation_cut(generation_of(node));
	}
}

/* --- 7. stopping --- */

static void stop_generation(struct generation *g, bool gently)
{
	if (!gently)
		generation_cut(g);
	else if (g->state != GENERATION_DRAINING)
		generation_drain(g, true);
}

static void leave(struct master *m)
{
	if (m->current)
		intake_close(m, m->current, NULL);
	m->current = NULL;
}

void master_hand_over(struct master *m)
{
	m->phase = PHASE_STOPPING;
	m->handed = true;
	LIST_EACH (node, &m->generations) {
		struct generation *g = generation_of(node);
		if (g->state != GENERATION_DRAINING)
			generation_drain(g, false);
	}
	leave(m);
}

static void stop(struct master *m, bool gently)
{
	log_notice(gently ? "stopping: finishing what is in flight" : "stopping now");
	if (!m->handed)
		notify_stopping(&m->notify);
	upgrade_cancel(m);
	m->phase = PHASE_STOPPING;
	if (m->next)
		reload_undo(m, "the server stops");
	LIST_EACH (node, &m->generations)
		stop_generation(generation_of(node), gently);
	leave(m);
}

static void obey_stop(struct master *m)
{
	bool now = order_take(ORDER_STOP), gently = order_take(ORDER_QUIT);
	if (now)
		control_begin(&m->control, ORDER_STOP);
	if (gently)
		control_begin(&m->control, ORDER_QUIT);
	if (now || (gently && m->phase != PHASE_STOPPING))
		stop(m, !now);
}

/* --- 8. logs --- */

static void reopen_errorlog(struct generation *g)
{
	if (errorlog_reopen(&g->log) < 0)
		log_error("cannot open error log '%s' again: %s; the old file stays in use",
		    g->log.path, strerror(errno));
}

static void reopen(struct master *m)
{
	if (!order_take(ORDER_REOPEN))
		return;
	control_begin(&m->control, ORDER_REOPEN);
	for (size_t i = 0; m->options->groups[i]; i++)
		if (m->options->groups[i]->reopen)
			m->options->groups[i]->reopen();
	LIST_EACH (node, &m->generations) {
		reopen_errorlog(generation_of(node));
		generation_send_logs(generation_of(node));
	}
	master_verdict(m, ORDER_REOPEN, true, "log files reopened");
}

/* --- 9. reload and upgrade --- */

/*
 * One change at a time: an order that comes during another waits for its end, and more of the same
 * are one. Whoever waits when the server stops is told so.
 */
static bool take_change(struct master *m, enum order order)
{
	if (!order_pending(order) || m->phase == PHASE_STARTING)
		return false;
	if (m->phase == PHASE_RUNNING && (m->reload.phase != RELOAD_IDLE || upgrade_busy(m)))
		return false;
	order_take(order);
	if (m->phase == PHASE_RUNNING)
		return true;
	control_begin(&m->control, order);
	master_verdict(m, order, false, "refused: %s",
	    m->handed ? "a successor is in charge now" : "the server stops");
	return false;
}

/* A certificate that was renewed: taken up without being asked, as it was meant to be. */
static void look(struct master *m, uint64_t now_ms)
{
	struct generation *g = m->current;
	bool changed = false;
	if (now_ms < look_next_ms(m))
		return;
	m->look_ms = now_ms + LOOK_MS;
	for (size_t i = 0; i < g->crew_count; i++) {
		const struct crew *crew = &g->crews[i];
		if (crew->opened && crew->group->look)
			changed |= crew->group->look(crew->opened);
	}
	if (changed)
		reload_renew(m);
}

static void change(struct master *m, uint64_t now_ms)
{
	if (take_change(m, ORDER_RELOAD))
		reload_begin(m);
	if (take_change(m, ORDER_UPGRADE))
		upgrade_begin(m);
	look(m, now_ms);
}

/* --- 10. more and fewer workers --- */

static void change_number(struct master *m)
{
	struct generation *g = m->current;
	bool more = order_take(ORDER_MORE), fewer = order_take(ORDER_FEWER);
	if (!g || m->phase != PHASE_RUNNING)
		return;
	if (more && generation_more(g) < 0)
		log_warning("there are as many workers as there can be");
	if (fewer && generation_fewer(g) < 0)
		log_warning("the last worker stays");
	if (more || fewer)
		log_notice("%u %s workers wanted now", g->crews[0].wanted, g->crews[0].group->name);
}

/* --- 11. time --- */

static void free_generations(struct master *m)
{
	LIST_EACH_SAFE (node, &m->generations) {
		struct generation *g = generation_of(node);
		if (g->state != GENERATION_DRAINING || !list_empty(&g->children))
			continue;
		log_info("generation %u has ended", g->id);
		if (g == m->speaker) {
			m->log = g->log;
			g->log.path = NULL;
			m->speaker = NULL;
		}
		generation_free(&g);
	}
}

static void expire(struct master *m, uint64_t now_ms)
{
	LIST_EACH (node, &m->generations)
		generation_expire(generation_of(node), now_ms);
	free_generations(m);
}

/* --- 12. new workers --- */

/* Of those that drain the oldest has had the most time. */
static void make_room(struct master *m)
{
	LIST_EACH (node, &m->generations) {
		struct generation *g = generation_of(node);
		if (g->state != GENERATION_DRAINING)
			continue;
		log_warning("too many workers still drain: generation %u is cut", g->id);
		generation_cut(g);
		return;
	}
}

static void spawn(struct master *m)
{
	struct generation_context context = {
		.board = m->board,
		.privileges = &m->privileges,
		.detach = m->detached,
	};
	LIST_EACH (node, &m->generations)
		if (generation_spawn(generation_of(node), &context) == ERR_FULL)
			make_room(m);
}

/*
 * What has happened comes before what is asked for: a command meets the state that its sender could
 * see.
 */
static void turn(struct master *m)
{
	sleep_until_something(m); /* 1 */
	uint64_t now_ms = clock_mono_ms();
	reap(m);                                             /* 2 */
	hear(m, now_ms);                                     /* 3 */
	reload_step(m, now_ms);                              /* 4 */
	start(m);                                            /* 5 */
	control_serve(&m->control, now_ms, status_write, m); /* 6 */
	obey_stop(m);                                        /* 7 */
	reopen(m);                                           /* 8 */
	change(m, now_ms);                                   /* 9 */
	change_number(m);                                    /* 10 */
	expire(m, now_ms);                                   /* 11 */
	spawn(m);                                            /* 12 */
	notify_watchdog(&m->notify, now_ms);                 /* 13 */
}

static void run(struct master *m)
{
	while (m->phase != PHASE_STOPPING || !list_empty(&m->generations))
		turn(m);
}

/* --- start and end --- */

static void raise_descriptors(const struct snapshot *s)
{
	const struct limits_settings *l = config_settings(s->global, &limits_group);
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < (rlim_t)l->connections + DESCRIPTORS_BESIDE)
		log_warning(
		    "limits.connections is %lld, but a process may have only %llu files open: "
		    "raise that limit (ulimit -n) or lower the key",
		    (long long)l->connections, (unsigned long long)limit.rlim_max);
}

static void init(struct master *m, const struct master_options *options)
{
	*m = (struct master){
		.options = options,
		.started_ms = clock_mono_ms(),
		.daemon_fd = -1,
		.upgrade = { .channel = -1 },
		.predecessor = { .channel = -1 },
		.notify = { .fd = -1 },
	};
	list_init(&m->generations);
	pidfile_init(&m->pidfile);
	control_init(&m->control);
}

static int adopt(struct master *m)
{
	int fds[LISTEN_FDS_MAX];
	int result = inherit_take(m);
	if (result != ERR_NOTFOUND)
		return result;
	size_t count = activation_take(fds, LISTEN_FDS_MAX);
	descriptors_keep(fds, count);
	m->activated = count > 0;
	if (count > 0 && listener_set_adopt(&m->adopted, fds, count) < 0) {
		log_error(
		    "cannot use the %zu sockets that were passed in: %s", count, strerror(errno));
		return ERR_IO;
	}
	return OK;
}

static int detach(struct master *m)
{
	if (!m->options->daemon || m->detached)
		return OK;
	if (daemon_start(&m->daemon_fd) < 0) {
		log_error("cannot detach: %s", strerror(errno));
		return ERR_IO;
	}
	m->detached = true;
	return OK;
}

static int begin(struct master *m)
{
	if (adopt(m) < 0 || detach(m) < 0)
		return ERR_IO;
	signals_start(&m->waiting);
	notify_open(&m->notify);
	if (!m->board && scoreboard_new(&m->board) < 0) {
		log_error("cannot make the scoreboard: %s", strerror(errno));
		return ERR_IO;
	}
	scoreboard_use(m->board, -1);
	struct snapshot *s = reload_first_read(m);
	if (!s)
		return ERR_SYNTAX;
	title_set("httpd: master %s", rundir_served(s));
	raise_descriptors(s);
	if (!m->predecessor.waiting && claim_files(m, s) < 0) {
		snapshot_unref(&s);
		return ERR_DENIED;
	}
	return reload_first_open(m, s);
}

/* Files first, the last word after: who hears it may start the next server at once. */
static void end(struct master *m)
{
	pidfile_close(&m->pidfile);
	control_close(&m->control);
	if (m->handed)
		log_notice("the old master has ended, pid %d serves", (int)m->upgrade.pid);
	else if (m->phase == PHASE_STOPPING && m->status == EXIT_SUCCESS)
		log_notice("stopped");
	control_verdict(&m->control, ORDER_STOP, true, "stopped");
	control_verdict(&m->control, ORDER_QUIT, true, "stopped");
	control_flush(&m->control);
	control_fini(&m->control);
	listener_set_close(&m->adopted, NULL, false);
	notify_close(&m->notify);
	mem_free(m->upgrade.binary);
	buf_fini(&m->reload.notes);
	scoreboard_free(&m->board);
	errorlog_close(&m->log);
}

int master_run(const struct master_options *options)
{
	struct master m;
	daemon_fill_streams();
	log_set_name("master");
	init(&m, options);
	upgrade_find_binary(&m);
	if (begin(&m) < 0)
		m.status = EXIT_FAILURE;
	else
		run(&m);
	end(&m);
	return m.status;
}
