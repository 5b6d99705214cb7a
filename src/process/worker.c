/*
 * worker.c - the life of a worker process around its group's `run`.
 *
 * It ends on the master's word, on SIGTERM and SIGQUIT from an operator, and when the master is
 * gone. All of these come as events in the loop. One process is one worker: its state is static.
 */
#include "process/worker.h"

#include "base/mem.h"
#include "process/channel.h"
#include "process/daemon.h"
#include "process/descriptors.h"
#include "process/notify.h"
#include "process/sandbox.h"
#include "process/signals.h"
#include "process/title.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

enum {
	/* What a group keeps open beside the listeners: log files. */
	KEEP_MAX = 256,
	/* After SIGTERM a worker has this long to close its connections: a loop that hangs must not
	   outlive its master. */
	TERM_S = 5,
};

static struct {
	struct worker *worker;
	struct watch channel;
	struct watch wake;
	bool draining;
	bool cut;
} self;

static volatile sig_atomic_t drain_asked, stop_asked;

static size_t heritage_fds(const struct heritage *h, int *fds_out)
{
	size_t n = 0;
	fds_out[n++] = h->channel;
	fds_out[n++] = h->error_log;
	for (size_t i = 0; i < h->listeners->count; i++)
		fds_out[n++] = h->listeners->list[i].fd;
	if (h->group->keep)
		n += h->group->keep(fds_out + n, KEEP_MAX);
	return n;
}

static void close_others(const struct heritage *h)
{
	int *fds = mem_alloc((KEEP_MAX + 8 + h->listeners->count) * sizeof(*fds));
	descriptors_keep(fds, heritage_fds(h, fds));
	mem_free(fds);
}

/*
 * The master's death takes the worker along, however it comes. The kernel forgets this wish when
 * the user changes, so it is made after that; and a master that died before it was made is found by
 * asking for the parent.
 */
static void follow_master(const struct heritage *h)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != h->master)
		_exit(EXIT_FAILURE);
}

_Noreturn void worker_main(struct heritage *h)
{
	char name[64];
	signals_reset();
	snprintf(name, sizeof(name), "worker %u", h->number);
	title_set("httpd: %s", name);
	log_set_name(name);
	scoreboard_use(h->board, h->slot);
	atomic_store(&score_self()->pid, getpid());
	notify_forget();
	closelog(); /* or syslog(3) would go on writing to a number that is somebody else's soon */
	close_others(h);
	if (privileges_drop(h->privileges) < 0) {
		log_error("cannot become user '%s': %s", h->privileges->user, strerror(errno));
		exit(EXIT_FAILURE);
	}
	follow_master(h);
	struct worker w = { .heritage = h };
	exit(h->group->run(&w));
}

static void drain(bool stop)
{
	if (self.draining || self.cut)
		return;
	self.draining = true;
	atomic_store(&score_self()->state, SCORE_DRAINING);
	self.worker->orders->drain(self.worker, stop);
	struct channel_message done = { .type = CHANNEL_DRAINING, .fd = -1 };
	if (channel_send(self.channel.fd, &done) < 0)
		log_debug("cannot tell the master that this worker drains");
}

static void cut(void)
{
	if (self.cut)
		return;
	self.cut = true;
	self.worker->orders->cut(self.worker);
}

static void take_error_log(int fd)
{
	int log = self.worker->heritage->error_log;
	if (fd < 0)
		return;
	if (log > STDERR_FILENO)
		dup3(fd, log, O_CLOEXEC);
	close(fd);
}

static void obey(const struct channel_message *m)
{
	const struct worker_orders *orders = self.worker->orders;
	switch (m->type) {
	case CHANNEL_DRAIN:
		drain(m->value != 0);
		break;
	case CHANNEL_CUT:
		cut();
		break;
	case CHANNEL_REOPENED:
		if (orders->reopened && m->fd >= 0)
			orders->reopened(self.worker, (int)m->value, m->fd);
		break;
	case CHANNEL_ERROR_LOG:
		take_error_log(m->fd);
		break;
	}
}

static void on_channel(struct watch *watch, uint32_t events)
{
	(void)events;
	struct channel_message m;
	int result;
	while ((result = channel_receive(watch->fd, &m)) == OK)
		obey(&m);
	if (result == ERR_AGAIN)
		return;
	/* The master is gone, and with it whoever would replace this worker. */
	loop_remove(self.worker->loop, watch);
	cut();
}

static void on_signal(int number)
{
	int saved = errno;
	if (number == SIGTERM) {
		stop_asked = 1;
		alarm(TERM_S);
	} else {
		drain_asked = 1;
	}
	eventfd_write(self.wake.fd, 1);
	errno = saved;
}

static void on_wake(struct watch *watch, uint32_t events)
{
	(void)events;
	eventfd_t count;
	eventfd_read(watch->fd, &count);
	if (stop_asked)
		cut();
	else if (drain_asked)
		drain(false);
}

static int watch_orders(struct worker *w)
{
	self.worker = w;
	self.channel = (struct watch){ .fd = w->heritage->channel, .on_event = on_channel };
	self.wake =
	    (struct watch){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .on_event = on_wake };
	if (self.wake.fd < 0 || loop_add(w->loop, &self.wake, EPOLLIN) < 0 ||
	    loop_add(w->loop, &self.channel, EPOLLIN) < 0)
		return ERR_IO;
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
	return OK;
}

int worker_ready(struct worker *w)
{
	const struct heritage *h = w->heritage;
	if (watch_orders(w) < 0) {
		log_error("cannot watch for the master's orders: %s", strerror(errno));
		return ERR_IO;
	}
	struct channel_message ready = { .type = CHANNEL_READY, .fd = -1 };
	log_init(h->log);
	if (h->detach)
		daemon_detach_streams();
	ready.value = sandbox_close(h);
	atomic_store(&score_self()->sandbox, ready.value);
	atomic_store(&score_self()->state, SCORE_READY);
	/* A master that is gone is noticed in the loop's first turn. */
	return channel_send(h->channel, &ready) == ERR_IO ? ERR_IO : OK;
}
