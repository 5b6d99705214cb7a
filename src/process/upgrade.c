/*
 * upgrade.c - see upgrade.h.
 */
#include "process/upgrade.h"

#include "base/clock.h"
#include "base/mem.h"
#include "process/channel.h"
#include "process/claim.h"
#include "process/intake.h"
#include "process/obituary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	START_MS = GENERATION_READY_MS +
		   5000, /* its workers have their time, and it needs some for itself */
	HAND_MS = 5000,  /* to lock a file and bind a socket */
	KILL_MS = 5000,
	EXEC_FAILED = 127,
	TEXT_MAX = 16 * UPGRADE_LISTENERS,
};

/* --- which file --- */

/* Not /proc/self/exe later on: when the file is replaced, that leads to the old one, which is
 * deleted. */
static bool is_this_program(const char *path)
{
	struct stat mine, there;
	return stat("/proc/self/exe", &mine) < 0 ||
	       (stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
		   mine.st_dev == there.st_dev);
}

static char *search_path(const char *name)
{
	struct slice rest = slice_str(getenv("PATH"));
	while (rest.ptr) {
		struct slice directory = slice_split(&rest, ':');
		char *path = mem_printf(SLICE_FMT "/%s", SLICE_ARG(directory), name);
		if (access(path, X_OK) == 0 && is_this_program(path))
			return path;
		mem_free(path);
	}
	return NULL;
}

static char *absolute(const char *path)
{
	char directory[PATH_MAX];
	if (path[0] == '/' || !getcwd(directory, sizeof(directory)))
		return mem_strdup(path);
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	return mem_printf("%s/%s", directory, path);
}

void upgrade_find_binary(struct master *m)
{
	const char *name = m->options->argv[0];
	char *path = strchr(name, '/') ? absolute(name) : search_path(name);
	if (path && is_this_program(path)) {
		m->upgrade.binary = path;
		return;
	}
	/* Started under another name. */
	mem_free(path);
	char real[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", real, sizeof(real) - 1);
	real[n > 0 ? n : 0] = '\0';
	m->upgrade.binary = mem_strdup(real);
}

/* --- the successor, before it is one --- */

static void keep_open(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

/* Everything of the master's is close-on-exec; what goes over is named here. */
static void pass_descriptors(const struct inheritance *in)
{
	keep_open(in->channel);
	keep_open(in->board);
	keep_open(in->log);
	for (size_t i = 0; i < in->count; i++)
		keep_open(in->listeners[i]);
}

static _Noreturn void exec_binary(struct master *m, const struct inheritance *in)
{
	char text[TEXT_MAX], pid[16];
	signals_default();
	if (inheritance_format(in, text, sizeof(text)) < 0)
		_exit(EXEC_FAILED);
	setenv(UPGRADE_VARIABLE, text, 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (getenv("WATCHDOG_PID"))
		setenv("WATCHDOG_PID", pid, 1);
	pass_descriptors(in);
	execv(m->upgrade.binary, m->options->argv);
	struct channel_message failed = {
		.type = CHANNEL_FAILED, .value = (uint32_t)errno, .fd = -1
	};
	if (channel_send(in->channel, &failed) < 0)
		_exit(EXEC_FAILED);
	_exit(EXEC_FAILED);
}

static void fill_inheritance(const struct master *m, int channel, struct inheritance *in)
{
	const struct generation *g = m->current;
	*in = (struct inheritance){
		.channel = channel,
		.board = scoreboard_fd(m->board),
		.log = g->log.sink.fd,
		.facility = g->log.sink.syslog_facility,
		.generation = m->last_generation,
		.detached = m->detached,
		.activated = m->activated,
	};
	for (size_t i = 0; i < g->listeners.count && i < UPGRADE_LISTENERS; i++)
		in->listeners[in->count++] = g->listeners.list[i].fd;
}

static int start_successor(struct master *m)
{
	int ends[2];
	struct inheritance in;
	if (channel_pair(ends) < 0)
		return ERR_IO;
	fill_inheritance(m, ends[1], &in);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		exec_binary(m, &in);
	int saved = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		errno = saved;
		return ERR_IO;
	}
	m->upgrade.pid = pid;
	m->upgrade.channel = ends[0];
	return OK;
}

/* --- the old master --- */

void upgrade_begin(struct master *m)
{
	control_begin(&m->control, ORDER_UPGRADE);
	if (start_successor(m) < 0) {
		master_verdict(m, ORDER_UPGRADE, false, "upgrade failed: %s", strerror(errno));
		return;
	}
	m->upgrade.phase = UPGRADE_STARTING;
	m->upgrade.deadline_ms = clock_mono_ms() + START_MS;
	log_notice("upgrade: %s starts as pid %d", m->upgrade.binary, (int)m->upgrade.pid);
}

static void close_channel(struct upgrade *u)
{
	if (u->channel >= 0)
		close(u->channel);
	u->channel = -1;
}

/* Asked first, so that connections it has accepted meanwhile are served to their end. */
static void end_successor(struct upgrade *u, uint64_t now_ms)
{
	if (u->pid <= 0)
		return;
	kill(u->pid, SIGQUIT);
	u->kill_ms = now_ms + KILL_MS;
}

static void fail(struct master *m, const char *why)
{
	struct upgrade *u = &m->upgrade;
	enum upgrade_phase phase = u->phase;
	u->phase = UPGRADE_IDLE;
	close_channel(u);
	end_successor(u, clock_mono_ms());
	if (phase == UPGRADE_HANDING && m->current)
		claim_inherited(m, m->current->snapshot);
	master_verdict(
	    m, ORDER_UPGRADE, false, "upgrade failed: %s; the running server is untouched", why);
}

/* The lock is given up, but the control socket only when the successor's has taken its place:
 * somebody always answers. */
static void hand_over(struct master *m, uint64_t now_ms)
{
	struct channel_message take = { .type = CHANNEL_TAKE, .fd = -1 };
	m->upgrade.phase = UPGRADE_HANDING;
	m->upgrade.deadline_ms = now_ms + HAND_MS;
	pidfile_release(&m->pidfile);
	if (channel_send(m->upgrade.channel, &take) < 0)
		fail(m, "the new binary is gone again");
}

static void finish(struct master *m)
{
	m->upgrade.phase =
	    UPGRADE_DONE; /* the channel stays: its end tells the successor that we are gone */
	pidfile_close(&m->pidfile);
	control_close(&m->control);
	notify_main_pid(&m->notify, m->upgrade.pid);
	master_verdict(m, ORDER_UPGRADE, true, "upgraded: pid %d serves", (int)m->upgrade.pid);
	master_hand_over(m);
}

static void on_message(struct master *m, const struct channel_message *message, uint64_t now_ms)
{
	char why[256];
	if (message->type == CHANNEL_READY && m->upgrade.phase == UPGRADE_STARTING) {
		hand_over(m, now_ms);
	} else if (message->type == CHANNEL_TAKEN && m->upgrade.phase == UPGRADE_HANDING) {
		finish(m);
	} else if (message->type == CHANNEL_FAILED) {
		snprintf(why, sizeof(why), "cannot start %s: %s", m->upgrade.binary,
		    strerror((int)message->value));
		fail(m, why);
	}
}

static bool under_way(const struct upgrade *u)
{
	return u->phase == UPGRADE_STARTING || u->phase == UPGRADE_HANDING;
}

void upgrade_step(struct master *m, uint64_t now_ms)
{
	struct upgrade *u = &m->upgrade;
	struct channel_message message;
	int result = ERR_AGAIN;
	while (under_way(u) && (result = channel_receive(u->channel, &message)) == OK)
		on_message(m, &message, now_ms);
	if (under_way(u) && result != ERR_AGAIN)
		fail(m, "the new binary gave up, see the error log");
	if (under_way(u) && now_ms >= u->deadline_ms)
		fail(m, "the new binary does not serve in time");
	if (u->kill_ms != 0 && now_ms >= u->kill_ms) {
		kill(u->pid, SIGKILL);
		u->kill_ms = 0;
	}
}

bool upgrade_reap(struct master *m, pid_t pid, int status)
{
	struct upgrade *u = &m->upgrade;
	char cause[64], why[128];
	if (pid != u->pid)
		return false;
	/* What it said before it went counts: it may have given its reason. */
	upgrade_step(m, clock_mono_ms());
	u->pid = 0;
	u->kill_ms = 0;
	if (under_way(u)) {
		obituary_cause(status, cause, sizeof(cause));
		snprintf(why, sizeof(why), "the new binary %s, see the error log", cause);
		fail(m, why);
	}
	return true;
}

void upgrade_cancel(struct master *m)
{
	if (under_way(&m->upgrade))
		fail(m, "the server stops");
}

bool upgrade_busy(const struct master *m)
{
	return m->upgrade.phase != UPGRADE_IDLE || m->upgrade.pid > 0;
}

uint64_t upgrade_next_ms(const struct master *m)
{
	const struct upgrade *u = &m->upgrade;
	uint64_t next = under_way(u) ? u->deadline_ms : UINT64_MAX;
	return u->kill_ms != 0 && u->kill_ms < next ? u->kill_ms : next;
}

int upgrade_pollfd(const struct master *m)
{
	return under_way(&m->upgrade) ? m->upgrade.channel : -1;
}
