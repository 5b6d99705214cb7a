/*
 * fake_worker.c - see fake_worker.h.
 */
#include "fake_worker.h"

#include "base/mem.h"
#include "config/core.h"
#include "process/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENERS_MAX = 8 };

static struct {
	struct worker *worker;
	struct watch listeners[LISTENERS_MAX];
	size_t count;
	struct list all;
	bool draining;
} fake;

struct peer {
	struct watch watch;
	struct list node;
	struct task task;
	int place; /* on the scoreboard; -1 while nothing is in hand */
};

static unsigned fake_count(const struct snapshot *s)
{
	return (unsigned)core_settings(s)->workers;
}

static size_t fake_listens(const struct snapshot *s, const struct listen_spec **specs_out)
{
	struct arena *a = (struct arena *)&s->arena;
	struct listen_spec *specs = arena_zalloc(a, (s->listen_count + 1) * sizeof(*specs));
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct listen_settings *l = config_settings(s->listens[i], &listen_group);
		specs[i] = (struct listen_spec){
			.address = l->address,
			.port = (unsigned)l->port,
			.backlog = (int)l->backlog,
			.mode = (mode_t)l->mode,
			.owner = (uid_t)-1,
			.group = (gid_t)-1,
		};
	}
	*specs_out = specs;
	return s->listen_count;
}

static void end_if_done(void)
{
	if (fake.draining && list_empty(&fake.all))
		loop_stop(fake.worker->loop);
}

static void free_peer(struct task *t)
{
	struct peer *p = CONTAINER_OF(t, struct peer, task);
	close(p->watch.fd);
	mem_free(p);
	end_if_done();
}

static void close_peer(struct peer *p)
{
	if (p->task.queued)
		return;
	score_end(p->place);
	score_self()->connections--;
	loop_remove(fake.worker->loop, &p->watch);
	list_remove(&p->node);
	p->task.run = free_peer;
	loop_defer(fake.worker->loop, &p->task);
}

static void answer(struct peer *p, const char *text)
{
	score_self()->requests++;
	send(p->watch.fd, text, strlen(text), MSG_NOSIGNAL);
	close_peer(p);
}

static void on_line(struct peer *p, char *line)
{
	char text[64];
	if (p->place >= 0) {
		answer(p, "held");
		return;
	}
	p->place = score_begin(slice_str(line), SLICE("/fake\n"), SLICE("unix:"));
	if (strcmp(line, "die") == 0)
		abort();
	if (strcmp(line, "hold") == 0)
		return;
	const struct heritage *h = fake.worker->heritage;
	snprintf(text, sizeof(text), "%u %d", h->generation, (int)getpid());
	answer(p, text);
}

static void on_peer(struct watch *w, uint32_t events)
{
	struct peer *p = CONTAINER_OF(w, struct peer, watch);
	char line[64];
	(void)events;
	ssize_t n = recv(w->fd, line, sizeof(line) - 1, MSG_DONTWAIT);
	if (n <= 0) {
		close_peer(p);
		return;
	}
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	on_line(p, line);
}

static void on_accept(struct watch *w, uint32_t events)
{
	(void)events;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct peer *p = mem_zalloc(sizeof(*p));
	p->watch = (struct watch){ fd, on_peer };
	p->place = -1;
	list_append(&fake.all, &p->node);
	score_self()->accepted++;
	score_self()->connections++;
	if (loop_add(fake.worker->loop, &p->watch, EPOLLIN) < 0)
		abort();
}

static void on_drain(struct worker *w, bool stop)
{
	(void)stop;
	for (size_t i = 0; i < fake.count; i++) {
		loop_remove(w->loop, &fake.listeners[i]);
		close(fake.listeners[i].fd);
	}
	fake.count = 0;
	fake.draining = true;
	end_if_done();
}

static void on_cut(struct worker *w)
{
	LIST_EACH_SAFE (node, &fake.all)
		close_peer(CONTAINER_OF(node, struct peer, node));
	loop_stop(w->loop);
}

static const struct worker_orders orders = { .drain = on_drain, .cut = on_cut };

static int listen_all(struct worker *w)
{
	const struct listener_set *set = w->heritage->listeners;
	for (size_t i = 0; i < set->count && i < LISTENERS_MAX; i++) {
		struct watch *watch = &fake.listeners[fake.count++];
		*watch = (struct watch){ set->list[i].fd, on_accept };
		if (loop_add(w->loop, watch, EPOLLIN | EPOLLEXCLUSIVE) < 0)
			return ERR_IO;
	}
	return OK;
}

static int fake_run(struct worker *w)
{
	const char *fault = core_settings(w->heritage->snapshot)->mime_types;
	if (fault && strcmp(fault, "die") == 0)
		abort();
	while (fault && strcmp(fault, "hang") == 0)
		pause();
	fake.worker = w;
	list_init(&fake.all);
	w->orders = &orders;
	w->loop = loop_new();
	if (!w->loop || listen_all(w) < 0 || worker_ready(w) < 0)
		return 1;
	loop_run(w->loop);
	loop_free(&w->loop);
	return 0;
}

const struct worker_group fake_group = {
	.name = "fake",
	.count = fake_count,
	.listens = fake_listens,
	.run = fake_run,
};
