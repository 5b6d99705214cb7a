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
#include "config/core.h"
#include "process/activation.h"
#include "process/channel.h"
#include "process/daemon.h"
#include "process/intake.h"
#include "process/reload.h"
#include "process/rundir.h"
#include "process/state.h"
#include "process/status.h"
#include "process/title.h"

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
};

static struct generation *generation_of(struct list *node)
{
	return CONTAINER_OF(node, struct generation, node);
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
	control_verdict(&m->control, order, good, text.data ? text.data : "");
	buf_fini(&text);
}

/* --- 1. sleep -------------------------------------------------------------------------------- */

static uint64_t next_ms(const struct master *m)
{
	uint64_t next = control_next_ms(&m->control);
	uint64_t other = reload_next_ms(m);
	next = other < next ? other : next;
	LIST_EACH (node, &m->generations) {
		other = generation_next_ms(generation_of(node));
		next = other < next ? other : next;
	}
	return next;
}

static void sleep_until_something(struct master *m)
{
	struct pollfd fds[SCORE_SLOTS + CONTROL_POLLFDS];
	size_t n = control_pollfds(&m->control, fds);
	LIST_EACH (node, &m->generations)
		LIST_EACH (child, &generation_of(node)->children) {
			int fd = CONTAINER_OF(child, struct child, node)->channel;
			if (fd >= 0)
				fds[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
	uint64_t next = next_ms(m), now = clock_mono_ms();
	uint64_t wait = next > now ? next - now : 0;
	struct timespec ts = { (time_t)(wait / 1000), (long)(wait % 1000) * 1000000 };
	ppoll(fds, n, next == UINT64_MAX ? NULL : &ts, &m->waiting);
}

/* --- 2. children ----------------------------------------------------------------------------- */

static void bury(struct master *m, pid_t pid, int status)
{
	LIST_EACH (node, &m->generations) {
		struct generation *g = generation_of(node);
		struct child *child = generation_find(g, pid);
		if (!child)
			continue;
		m->restarts += child->post != NULL;
		generation_bury(g, child, status, m->board);
		return;
	}
}

static void reap(struct master *m)
{
	int status;
	pid_t pid;
	if (!order_take(ORDER_CHILD))
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		bury(m, pid, status);
}

/* --- 5. stopping ----------------------------------------------------------------------------- */

static void stop_generation(struct generation *g, bool gently)
{
	const struct timeouts_settings *t = config_settings(g->snapshot->global, &timeouts_group);
	if (!gently)
		generation_cut(g);
	else if (g->state != GENERATION_DRAINING)
		generation_drain(g, true, (uint64_t)t->drain);
}

void master_stop(struct master *m, bool gently)
{
	log_notice(gently ? "stopping: finishing what is in flight" : "stopping now");
	m->phase = PHASE_STOPPING;
	if (m->next)
		reload_undo(m, "the server stops");
	LIST_EACH (node, &m->generations)
		stop_generation(generation_of(node), gently);
	if (m->current) {
		intake_close(m, m->current, NULL);
		m->current = NULL;
	}
}

static void obey_stop(struct master *m)
{
	bool now = order_take(ORDER_STOP), gently = order_take(ORDER_QUIT);
	if (now)
		control_begin(&m->control, ORDER_STOP);
	if (gently)
		control_begin(&m->control, ORDER_QUIT);
	if (now || (gently && m->phase != PHASE_STOPPING))
		master_stop(m, !now);
}

/* --- 6. logs --------------------------------------------------------------------------------- */

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

/* --- 9. reload ------------------------------------------------------------------------------- */

static void reload(struct master *m)
{
	if (!order_pending(ORDER_RELOAD) || m->reload.phase != RELOAD_IDLE)
		return;
	if (m->phase == PHASE_STARTING)
		return; /* it waits for the first generation */
	order_take(ORDER_RELOAD);
	if (m->phase == PHASE_RUNNING) {
		reload_begin(m);
		return;
	}
	control_begin(&m->control, ORDER_RELOAD);
	master_verdict(m, ORDER_RELOAD, false, "reload refused: the server stops");
}

/* --- 10. more and fewer workers --------------------------------------------------------------- */

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

/* --- 11. time --------------------------------------------------------------------------------- */

static void free_generations(struct master *m)
{
	LIST_EACH_SAFE (node, &m->generations) {
		struct generation *g = generation_of(node);
		if (g->state != GENERATION_DRAINING || !list_empty(&g->children))
			continue;
		log_info("generation %u has ended", g->id);
		generation_free(&g);
	}
}

static void expire(struct master *m, uint64_t now_ms)
{
	LIST_EACH (node, &m->generations)
		generation_expire(generation_of(node), now_ms);
	free_generations(m);
}

/* --- 12. new workers ------------------------------------------------------------------------- */

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

/* --- 8. the first generation --------------------------------------------------------------------
 */

static void close_adopted(struct master *m)
{
	struct listener_set *adopted = &m->adopted, *used = &m->current->listeners;
	for (size_t i = 0; i < adopted->count; i++) {
		bool wanted = false;
		for (size_t k = 0; k < used->count; k++)
			wanted = wanted || used->list[k].fd == adopted->list[i].fd;
		if (!wanted)
			log_warning(
			    "the socket %s was passed in, but no listen entry asks for it: closed",
			    adopted->list[i].name);
	}
	listener_set_close(adopted, used, false);
	*adopted = (struct listener_set){ NULL, 0 };
}

static void on_started(struct master *m)
{
	m->phase = PHASE_RUNNING;
	close_adopted(m);
	log_notice("ready: %u workers, configuration %s", generation_count(m->current, CHILD_READY),
	    m->current->snapshot->digest);
	if (m->options->greet && !m->detached)
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
		on_started(m);
	} else if (!m->next) {
		m->status = EXIT_FAILURE;
		m->phase = PHASE_STOPPING;
		LIST_EACH (node, &m->generations)
			generation_cut(generation_of(node));
	}
}

static void turn(struct master *m)
{
	sleep_until_something(m); /* 1 */
	uint64_t now_ms = clock_mono_ms();
	reap(m); /* 2 */
	LIST_EACH (node, &m->generations)
		generation_read(generation_of(node));        /* 3 */
	control_serve(&m->control, now_ms, status_write, m); /* 4: before what it may order */
	obey_stop(m);                                        /* 5 */
	reopen(m);                                           /* 6 */
	reload_step(m, now_ms);                              /* 7 */
	start(m);                                            /* 8 */
	reload(m);                                           /* 9 */
	change_number(m);                                    /* 10 */
	expire(m, now_ms);                                   /* 11 */
	spawn(m); /* 12: last, so that the next sleep knows of all deadlines */
}

static void run(struct master *m)
{
	while (m->phase != PHASE_STOPPING || !list_empty(&m->generations))
		turn(m);
}

/* --- start and end --------------------------------------------------------------------------- */

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

static int open_pidfile(struct master *m, const struct snapshot *s)
{
	const char *path = core_settings(s)->pid_file;
	pid_t holder;
	if (!path)
		return OK;
	rundir_make(path);
	int result = pidfile_open(&m->pidfile, path, &holder);
	if (result == ERR_DENIED)
		log_error("already running as pid %d (it holds %s)", (int)holder, path);
	else if (result < 0)
		log_error("cannot write pid file '%s': %s", path, strerror(errno));
	return result;
}

/* A socket that was asked for must be there. The one by default is a convenience, and two servers
 * may share the machine. */
static int open_control(struct master *m, const struct snapshot *s)
{
	const char *path = control_path(s);
	bool asked = core_settings(s)->control != NULL;
	pid_t holder;
	if (!path)
		return OK;
	rundir_make(path);
	int result = control_open(&m->control, path, &holder);
	if (result == OK)
		return OK;
	if (result == ERR_DENIED && asked)
		log_error("already running as pid %d (it answers on %s)", (int)holder, path);
	else if (asked)
		log_error("cannot listen on control socket '%s': %s", path, strerror(errno));
	else
		log_info("no control socket: %s is %s", path,
		    result == ERR_DENIED ? "another server's" : strerror(errno));
	return asked ? result : OK;
}

static void init(struct master *m, const struct master_options *options)
{
	*m = (struct master){
		.options = options,
		.started_ms = clock_mono_ms(),
		.daemon_fd = -1,
	};
	list_init(&m->generations);
	pidfile_init(&m->pidfile);
	control_init(&m->control);
}

static int adopt(struct master *m)
{
	int fds[LISTEN_FDS_MAX];
	size_t count = activation_take(fds, LISTEN_FDS_MAX);
	if (count > 0 && listener_set_adopt(&m->adopted, fds, count) < 0) {
		log_error(
		    "cannot use the %zu sockets that were passed in: %s", count, strerror(errno));
		return ERR_IO;
	}
	return OK;
}

static int detach(struct master *m)
{
	if (!m->options->daemon)
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
	if (scoreboard_new(&m->board) < 0) {
		log_error("cannot make the scoreboard: %s", strerror(errno));
		return ERR_IO;
	}
	scoreboard_use(m->board, -1);
	struct snapshot *s = reload_first_read(m);
	if (!s)
		return ERR_SYNTAX;
	title_set("httpd: master %s", s->file ? s->file : "");
	raise_descriptors(s);
	if (open_pidfile(m, s) < 0 || open_control(m, s) < 0) {
		snapshot_unref(&s);
		return ERR_DENIED;
	}
	return reload_first_open(m, s);
}

/* Files first, the last word after: who hears it may start the next server at once. */
static void end(struct master *m)
{
	pidfile_close(&m->pidfile, true);
	control_close(&m->control, true);
	if (m->phase == PHASE_STOPPING && m->status == EXIT_SUCCESS)
		log_notice("stopped");
	control_verdict(&m->control, ORDER_STOP, true, "stopped");
	control_verdict(&m->control, ORDER_QUIT, true, "stopped");
	control_flush(&m->control);
	control_fini(&m->control);
	buf_fini(&m->reload.notes);
	scoreboard_free(&m->board);
}

int master_run(const struct master_options *options)
{
	struct master m;
	daemon_fill_streams();
	log_set_name("master");
	init(&m, options);
	if (begin(&m) < 0)
		m.status = EXIT_FAILURE;
	else
		run(&m);
	end(&m);
	return m.status;
}
