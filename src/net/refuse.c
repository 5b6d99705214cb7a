/*
 * refuse.c - turns newcomers away: cheaply, but so that they can read why.
 *
 * There is no struct conn, no engine and no counting: a few hundred bytes are sent, our side is
 * shut down, and the descriptor is kept until the peer closes or a second is over. Closing at once
 * would answer the request's bytes with a reset, which eats the words (see linger.c).
 */
#include "net/conn_impl.h"

#include "base/mem.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* Each holds a descriptor; beyond this the first to come is closed at once. */
	REFUSED_MAX = 128,
	REFUSED_MS = 1000,
	/* Read and thrown away of one of them: a request's head twice over, no upload. */
	REFUSED_BYTES = 64 << 10,
};

struct refused {
	struct watch watch;
	struct net_worker *net;
	struct list node; /* in net_worker.refused, the first to be due first */
	uint64_t due_ms;
	size_t discarded;
	struct task task;
};

/* Reads the socket empty. False when the peer has closed or has said more than we care to hear. */
static bool discard(int fd, size_t *discarded)
{
	static char scratch[16 << 10];
	ssize_t n = 1;
	while (n > 0 && *discarded < REFUSED_BYTES) {
		n = recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT);
		if (n > 0)
			*discarded += (size_t)n;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
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
	if ((events & (EPOLLHUP | EPOLLERR)) || !discard(w->fd, &r->discarded))
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

static int keep(struct net_worker *net, int fd, size_t discarded)
{
	struct refused *r = mem_zalloc(sizeof(*r));
	*r = (struct refused){
		.watch = { .fd = fd, .on_event = on_event },
		.net = net,
		.discarded = discarded,
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

/* As much as the socket takes: all, unless the peer has made its window tiny. */
static size_t send_words(int fd, struct slice words)
{
	size_t sent = 0;
	while (sent < words.len) {
		struct slice left = slice_tail(words, sent);
		ssize_t n = send(fd, left.ptr, left.len, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	return sent;
}

void refuse(struct net_worker *net, int fd, struct slice words, bool may_wait)
{
	struct score_slot *score = score_self();
	size_t sent = send_words(fd, words), discarded = 0;
	score_add(&score->refused, 1);
	score_add(&score->bytes_out, sent);
	if (sent > 0) {
		shutdown(fd, SHUT_WR);
		if (discard(fd, &discarded) && may_wait && keep(net, fd, discarded) == OK)
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
