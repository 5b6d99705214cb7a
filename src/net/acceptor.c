/*
 * acceptor.c - accepts from the listening sockets, level-triggered and EPOLLEXCLUSIVE.
 *
 * Who is woken: for each newcomer the kernel walks the socket's wait queue and wakes the first
 * worker that sleeps. A worker that is woken keeps its place, so at a moderate load the first in
 * the queue would get nearly all connections. Hence the shares: one that has clearly more than its
 * share takes itself out of the queue and enters it anew, at the end; one that has less may take
 * several at a time. With connections that are answered and closed at once nobody is over his
 * share, the queue stays as it is, and a warm worker goes on.
 */
#include "net/conn_impl.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	/* Taken in one turn at most, so that those who are here are served in between: about 1 ms
	   of work. */
	BATCH_ALONE = 64,
	BATCH_SHARED = 16,
	/* Turned away in one go with the reserve descriptor before the listeners rest. */
	BATCH_REFUSED = 16,
	/* How long the listeners rest: long enough not to spin, short enough that nobody's connect
	   times out. */
	REST_MS = 100,
};

struct acceptor {
	struct watch watch;
	struct list node;
	struct net_worker *net;
	struct acceptor_spec spec;
	bool watched;
};

enum verdict {
	TAKEN,   /* or turned away: there may be more */
	NO_MORE, /* the backlog is empty, or this is no time to go on */
};

static int start_watching(struct acceptor *a)
{
	if (loop_add(a->net->loop, &a->watch, EPOLLIN | EPOLLEXCLUSIVE) < 0)
		return ERR_IO;
	a->watched = true;
	return OK;
}

static void stop_watching(struct acceptor *a)
{
	if (a->watched)
		loop_remove(a->net->loop, &a->watch);
	a->watched = false;
}

void acceptors_resume(struct net_worker *net)
{
	net->resting = false;
	LIST_EACH (node, &net->acceptors) {
		struct acceptor *a = CONTAINER_OF(node, struct acceptor, node);
		if (!a->watched && start_watching(a) < 0)
			net->resting = true;
	}
	if (net->resting)
		timer_set(net->loop, &net->rest, loop_now_ms(net->loop) + REST_MS);
}

static void rest(struct net_worker *net)
{
	net->resting = true;
	LIST_EACH (node, &net->acceptors)
		stop_watching(CONTAINER_OF(node, struct acceptor, node));
	timer_set(net->loop, &net->rest, loop_now_ms(net->loop) + REST_MS);
}

static void admit(struct acceptor *a, int fd, const struct net_addr *peer)
{
	struct net_worker *net = a->net;
	const struct net_limits *limits = &net->limits;
	bool counted = false;
	bool full = limits->connections > 0 && score_connections() >= limits->connections;
	if (full && !cull_one(net)) {
		refuse(net, fd, a->spec.refuse[NET_REFUSE_BUSY], true);
		return;
	}
	if (limits->per_address > 0 && peer->any.sa_family != AF_UNIX) {
		unsigned char key[16];
		net_addr_key(peer, key);
		unsigned now = score_address_add(key);
		counted = now > 0;
		if (now > limits->per_address) {
			score_address_remove(key);
			refuse(net, fd, a->spec.refuse[NET_REFUSE_ADDRESS], true);
			return;
		}
	}
	score_add(&score_self()->accepted, 1);
	conn_start(net, &a->spec, fd, peer, counted);
}

static int accept_socket(const struct acceptor *a, struct sockaddr_storage *peer)
{
	socklen_t len = sizeof(*peer);
	peer->ss_family = AF_UNIX; /* the kernel tells nothing of an unnamed unix peer */
	return accept4(a->watch.fd, (struct sockaddr *)peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Tells those in the backlog that there is no room, instead of leaving them to wait. fd: the first
 * of them. */
static void refuse_batch(struct acceptor *a, int fd)
{
	struct sockaddr_storage peer;
	for (int i = 1; fd >= 0; i++) {
		refuse(a->net, fd, a->spec.refuse[NET_REFUSE_BUSY], false);
		fd = i < BATCH_REFUSED ? accept_socket(a, &peer) : -1;
	}
	reserve_take(a->net);
	rest(a->net);
}

/*
 * The kernel wants a descriptor before it looks at the backlog, so this happens without a newcomer,
 * too. Whether there is one the reserve tells; then an idle connection goes in his favour, or he is
 * turned away.
 */
static void on_no_descriptor(struct acceptor *a, int error)
{
	static struct log_gate gate;
	struct net_worker *net = a->net;
	struct sockaddr_storage from;
	struct net_addr peer;
	reserve_release(net);
	int fd = accept_socket(a, &from);
	if (fd < 0 && errno == EAGAIN) {
		reserve_take(net);
		return;
	}
	if (fd >= 0 && cull_one(net)) {
		loop_defer(net->loop, &net->reserve_task); /* behind the closing of the culled */
		net_addr_from(&peer, &from);
		admit(a, fd, &peer);
		return;
	}
	log_gated(&gate, LOG_LEVEL_ERROR, "cannot accept on %s: %s (raise the limit of open files)",
	    a->spec.listener->name, strerror(error));
	refuse_batch(a, fd);
}

static enum verdict on_failure(struct acceptor *a, int error)
{
	static struct log_gate gate;
	switch (error) {
	case EAGAIN:
		return NO_MORE;
	case EMFILE:
	case ENFILE:
		on_no_descriptor(a, error);
		return NO_MORE;
	/* The newcomer's own end, told here by Linux: the next one is not concerned. */
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ETIMEDOUT:
		return TAKEN;
	default: /* ENOBUFS, ENOMEM, or a socket that is none: trying at once would spin */
		log_gated(&gate, LOG_LEVEL_ERROR, "cannot accept on %s: %s", a->spec.listener->name,
		    strerror(error));
		rest(a->net);
		return NO_MORE;
	}
}

static enum verdict accept_one(struct acceptor *a)
{
	struct sockaddr_storage from;
	struct net_addr peer;
	int fd = accept_socket(a, &from);
	if (fd < 0)
		return on_failure(a, errno);
	net_addr_from(&peer, &from);
	admit(a, fd, &peer);
	return TAKEN;
}

/* Of `workers` this one: all connections divided, rounded up. */
static unsigned share_of(unsigned workers)
{
	return (score_connections() + workers - 1) / workers;
}

/*
 * The slack of 1/64 and 1/8 keeps workers with hundreds of connections from queueing anew for a
 * difference of one or two. The yield is for a burst: those who were woken for the rest of it may
 * wait for this very processor, and find nothing left after our time slice. It costs nothing where
 * they do not.
 */
static void accept_shared(struct acceptor *a, unsigned workers)
{
	const _Atomic uint32_t *own = &score_self()->connections;
	unsigned share = 0;
	for (int i = 0; i < BATCH_SHARED; i++) {
		if (accept_one(a) == NO_MORE)
			return;
		share = share_of(workers);
		if (*own >= share + share / 64)
			break;
	}
	if (*own <= share + share / 8 || !a->watched)
		return;
	stop_watching(a);
	if (start_watching(a) < 0)
		rest(a->net);
	sched_yield();
}

static void on_event(struct watch *w, uint32_t events)
{
	(void)events;
	struct acceptor *a = CONTAINER_OF(w, struct acceptor, watch);
	unsigned workers = score_workers_ready();
	if (workers > 1) {
		accept_shared(a, workers);
		return;
	}
	for (int i = 0; i < BATCH_ALONE && a->watched; i++)
		if (accept_one(a) == NO_MORE)
			return;
}

int net_worker_accept(struct net_worker *net, const struct acceptor_spec *spec)
{
	struct acceptor *a = mem_zalloc(sizeof(*a));
	a->watch = (struct watch){ .fd = spec->listener->fd, .on_event = on_event };
	a->net = net;
	a->spec = *spec;
	if (start_watching(a) < 0) {
		mem_free(a);
		return ERR_IO;
	}
	list_append(&net->acceptors, &a->node);
	return OK;
}

/* The backlog is finite, the flow of newcomers is not: while we take, others may queue up. */
static void take_all(struct acceptor *a)
{
	for (int i = 0; i < SOMAXCONN; i++)
		if (accept_one(a) == NO_MORE)
			return;
}

void acceptors_close(struct net_worker *net, bool take_backlog)
{
	LIST_EACH_SAFE (node, &net->acceptors) {
		struct acceptor *a = CONTAINER_OF(node, struct acceptor, node);
		if (take_backlog)
			take_all(a);
		stop_watching(a);
		list_remove(node);
		close(a->watch.fd);
		mem_free(a);
	}
	timer_clear(net->loop, &net->rest);
	net->resting = false;
}
