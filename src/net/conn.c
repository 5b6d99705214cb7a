/*
 * conn.c - a connection's life: started by the acceptor, told of events, closed at the end of a
 * turn.
 *
 * What an event says is noted in the flags, and the protocol is called only for news that it can
 * use. The reading half is in conn_in.c, the end with the peer still talking in linger.c.
 */
#include "net/conn_impl.h"

#include "base/log.h"
#include "net/pool.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CONN_EVENTS = EPOLLIN | EPOLLOUT | EPOLLRDHUP };
static const uint32_t end_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/* Kept free: what a worker closes and accepts anew in a few turns; 100 KiB. */
static struct pool conns = { .size = sizeof(struct conn), .max = 256 };

static void note_events(struct conn *c, uint32_t events)
{
	if (events & (EPOLLIN | end_events)) {
		c->flags &= ~(CONN_TURN_READ | CONN_DRAINED | CONN_HUNG | CONN_RESET);
		c->flags |= CONN_READABLE;
	}
	if (events & end_events)
		c->flags |= CONN_HUNG;
	if (events & (EPOLLHUP | EPOLLERR))
		c->flags |= c->flags & CONN_EOF ? CONN_RESET | CONN_BROKEN : CONN_RESET;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		c->flags |= CONN_WRITABLE;
	c->turn_in = 0;
}

static void dispatch(struct conn *c, bool may_read)
{
	const unsigned unblocked = CONN_BLOCKED | CONN_WRITABLE;
	if ((c->flags & unblocked) == unblocked) {
		c->flags &= ~CONN_BLOCKED;
		c->protocol->writable(c);
	}
	if (conn_ending(c))
		return;
	if (may_read && (c->flags & CONN_READABLE))
		c->protocol->readable(c);
}

static void on_event(struct watch *w, uint32_t events)
{
	struct conn *c = CONTAINER_OF(w, struct conn, watch);
	if (c->flags & CONN_CLOSING)
		return;
	note_events(c, events);
	bool may_read = (events & (EPOLLIN | end_events)) || (c->flags & CONN_PAUSED);
	c->flags &= ~CONN_PAUSED;
	if (c->flags & CONN_LINGERING)
		linger_continue(c);
	else
		dispatch(c, may_read);
}

static void on_due(struct timer *t)
{
	struct conn *c = CONTAINER_OF(t, struct conn, timer);
	if (c->deadline_ms == 0)
		return;
	if (loop_now_ms(c->net->loop) < c->deadline_ms) {
		timer_set(c->net->loop, t, c->deadline_ms);
		return;
	}
	c->deadline_ms = 0;
	if (c->flags & CONN_LINGERING)
		linger_expired(c);
	else
		c->protocol->expired(c);
}

/* The end of the turn in which it was closed. */
static void on_free(struct task *t)
{
	struct conn *c = CONTAINER_OF(t, struct conn, task);
	struct net_worker *net = c->net;
	c->protocol->close(c);
	outq_clear(&c->out);
	c->transport->close(c);
	if (c->flags & CONN_WATCHED)
		loop_remove(net->loop, &c->watch);
	close(c->watch.fd);
	conn_drop_in(c);
	timer_clear(net->loop, &c->timer);
	list_remove(&c->node);
	pool_give(&conns, c);
	if (--net->count == 0 && net->draining && net->on_empty)
		net->on_empty(net);
}

static int watch_socket(struct conn *c)
{
	if (loop_add(c->net->loop, &c->watch, CONN_EVENTS | EPOLLET) < 0)
		return ERR_IO;
	c->flags |= CONN_WATCHED;
	return OK;
}

/* A socket registered anew is reported in the next turn if it is ready, and goes to the end of the
 * kernel's list. */
void conn_requeue(struct conn *c)
{
	if (!(c->flags & CONN_WATCHED))
		return; /* conn_start is about to register it */
	loop_remove(c->net->loop, &c->watch);
	c->flags &= ~CONN_WATCHED;
	if (watch_socket(c) < 0)
		conn_close(c);
}

static struct conn *conn_new(
    struct net_worker *net, const struct acceptor_spec *spec, int fd, const struct net_addr *peer)
{
	struct conn *c = pool_take(&conns);
	*c = (struct conn){
		.watch = { .fd = fd, .on_event = on_event },
		.net = net,
		.transport = spec->transport,
		.protocol = spec->protocol,
		.server = spec->server,
		.listener = spec->listener,
		.timer = { .on_due = on_due },
		.task = { .run = on_free },
		.peer = *peer,
		.accepted_ms = loop_now_ms(net->loop),
		.flags = CONN_READABLE | CONN_WRITABLE, /* until the socket says otherwise */
	};
	list_init(&c->idle_node);
	list_append(&net->conns, &c->node);
	return c;
}

void conn_start(struct net_worker *net, const struct acceptor_spec *spec, int fd,
    const struct net_addr *peer, bool counted)
{
	static struct log_gate gate;
	struct conn *c = conn_new(net, spec, fd, peer);
	if (counted)
		c->flags |= CONN_COUNTED;
	net->count++;
	score_shift(&score_self()->connections, 1);
	c->protocol->open(c);
	if (!conn_ending(c))
		c->protocol->readable(c);
	if (!(c->flags & CONN_CLOSING) && watch_socket(c) < 0) {
		log_gated(&gate, LOG_LEVEL_ERROR, "cannot watch a connection: %s", strerror(errno));
		conn_close(c);
	}
}

void conn_switch(struct conn *c, const struct protocol *protocol)
{
	c->protocol->close(c);
	c->protocol = protocol;
	c->state = NULL;
	conn_set_deadline(c, 0);
	protocol->open(c);
	if (!conn_ending(c))
		protocol->readable(c);
}

int conn_flush(struct conn *c)
{
	if (c->flags & (CONN_BROKEN | CONN_CLOSING))
		return ERR_CLOSED;
	if (outq_empty(&c->out))
		return OK;
	if (!(c->flags & CONN_WRITABLE)) {
		c->flags |= CONN_BLOCKED;
		return ERR_AGAIN;
	}
	uint64_t before = c->out.bytes;
	int rc = outq_flush(&c->out, c);
	score_add(&score_self()->bytes_out, before - c->out.bytes);
	if (rc == ERR_CLOSED)
		c->flags |= CONN_BROKEN;
	if (rc != ERR_AGAIN)
		return rc;
	c->flags |= CONN_BLOCKED;
	if (c->flags & CONN_WRITABLE)
		conn_requeue(c); /* its share is used up, and no edge will come */
	return ERR_AGAIN;
}

void conn_local(const struct conn *c, struct net_addr *out)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	if (getsockname(c->watch.fd, (struct sockaddr *)&ss, &len) < 0)
		ss.ss_family = AF_UNIX;
	net_addr_from(out, &ss);
}

uint64_t conn_unacknowledged(const struct conn *c)
{
	int bytes = 0;
	if (ioctl(c->watch.fd, SIOCOUTQ, &bytes) < 0 || bytes < 0)
		return 0;
	return (uint64_t)bytes;
}

/* The timer is moved only when it would come too late: a deadline that moves on with each request
 * costs an assignment. */
void conn_arm(struct conn *c, uint64_t due_ms)
{
	c->deadline_ms = due_ms;
	if (due_ms != 0 && (c->timer.due_ms == 0 || c->timer.due_ms > due_ms))
		timer_set(c->net->loop, &c->timer, due_ms);
}

void conn_set_deadline(struct conn *c, uint64_t due_ms)
{
	if (!conn_ending(c))
		conn_arm(c, due_ms);
}

void conn_set_idle(struct conn *c, bool idle)
{
	if (conn_ending(c) || idle == !!(c->flags & CONN_IDLE))
		return;
	c->flags ^= CONN_IDLE;
	score_shift(&score_self()->idle, idle ? 1 : -1);
	list_remove(&c->idle_node);
	if (!idle)
		return;
	conn_release_in(c);
	list_append(&c->net->idle, &c->idle_node);
}

/* What limits count goes down at once: whoever closes one to make room sees the room. */
void conn_close(struct conn *c)
{
	if (c->flags & CONN_CLOSING)
		return;
	struct score_slot *score = score_self();
	if (c->flags & CONN_LINGERING) {
		c->net->lingering_count--;
		score_shift(&score->closing, -1);
	}
	if (c->flags & CONN_IDLE)
		score_shift(&score->idle, -1);
	c->flags |= CONN_CLOSING;
	list_remove(&c->idle_node);
	timer_clear(c->net->loop, &c->timer);
	score_shift(&score->connections, -1);
	if (c->flags & CONN_COUNTED) {
		unsigned char key[16];
		net_addr_key(&c->peer, key);
		score_address_remove(key);
	}
	loop_defer(c->net->loop, &c->task);
}

void conn_finish(struct conn *c)
{
	if (!(c->flags & (CONN_CLOSING | CONN_BROKEN)) && c->transport->farewell)
		c->transport->farewell(c);
	conn_close(c);
}
