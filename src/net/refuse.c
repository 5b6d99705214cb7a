/*
 * refuse.c - turns newcomers away: cheaply, but so that they can read why.
 *
 * There is no struct conn, no engine and no counting: a few hundred bytes are sent, our side is
 * shut down, and the descriptor is kept until the peer closes or a second is over. Closing at once
 * would answer the request's bytes with a reset, which eats the words (see linger.c).
 */
#include "net/conn_impl.h"

#include "base/mem.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* Each holds a descriptor; beyond this the first to come is closed at once. */
	REFUSED_MAX = 128,
	REFUSED_MS = 1000,
	/* Reads of SCRATCH bytes for one of them: a request's head, no upload. */
	READS_MAX = 8,
	SCRATCH = 16 << 10,
};

struct refused {
	struct watch watch;
	struct net_worker *net;
	struct list node; /* in net_worker.refused, the first to be due first */
	uint64_t due_ms;
	unsigned reads;
	struct task task;
};

/* Whether the peer may have more to say. */
static bool discard(int fd)
{
	static char scratch[SCRATCH];
	return recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) != 0;
}

static void on_free(struct task *t)
{
	struct refused *r = CONTAINER_OF(t, struct refused, task);
	loop_remove(r->net->loop, &r->watch);
	close(r->watch.fd);
	mem_free(r);
}

static void forget(struct refused *r)
{
	list_remove(&r->node);
	r->net->refused_count--;
	loop_defer(r->net->loop, &r->task);
}

static void on_event(struct watch *w, uint32_t events)
{
	struct refused *r = CONTAINER_OF(w, struct refused, watch);
	if (list_empty(&r->node))
		return; /* forgotten earlier in this turn */
	if ((events & (EPOLLHUP | EPOLLERR)) || !discard(w->fd) || ++r->reads > READS_MAX)
		forget(r);
}

static struct refused *first_of(struct net_worker *net)
{
	return list_empty(&net->refused) ? NULL
					 : CONTAINER_OF(net->refused.next, struct refused, node);
}

static void on_due(struct timer *t)
{
	struct net_worker *net = CONTAINER_OF(t, struct net_worker, refused_timer);
	struct refused *r;
	while ((r = first_of(net)) && r->due_ms <= loop_now_ms(net->loop))
		forget(r);
	if (r)
		timer_set(net->loop, t, r->due_ms);
}

/* Level-triggered: one read an event is enough, and a flood is spread over the turns. */
static int keep(struct net_worker *net, int fd)
{
	struct refused *r = mem_zalloc(sizeof(*r));
	*r = (struct refused){
		.watch = { .fd = fd, .on_event = on_event },
		.net = net,
		.due_ms = loop_now_ms(net->loop) + REFUSED_MS,
		.task = { .run = on_free },
	};
	if (loop_add(net->loop, &r->watch, EPOLLIN | EPOLLRDHUP) < 0) {
		mem_free(r);
		return ERR_IO;
	}
	if (net->refused_count >= REFUSED_MAX)
		forget(first_of(net));
	list_append(&net->refused, &r->node);
	net->refused_count++;
	if (net->refused_timer.due_ms == 0) {
		net->refused_timer.on_due = on_due;
		timer_set(net->loop, &net->refused_timer, r->due_ms);
	}
	return OK;
}

void refuse(struct net_worker *net, int fd, struct slice words, bool may_wait)
{
	struct score_slot *score = score_self();
	count_bytes(&score->refused, 1);
	ssize_t sent = words.len ? send(fd, words.ptr, words.len, MSG_NOSIGNAL) : 0;
	if (sent > 0) {
		count_bytes(&score->bytes_out, (uint64_t)sent);
		shutdown(fd, SHUT_WR);
		if (discard(fd) && may_wait && keep(net, fd) == OK)
			return;
	}
	close(fd);
}

void refuse_clear(struct net_worker *net)
{
	struct refused *r;
	while ((r = first_of(net))) {
		list_remove(&r->node);
		on_free(&r->task);
	}
	net->refused_count = 0;
	timer_clear(net->loop, &net->refused_timer);
}
