/*
 * acceptor.h - takes new connections from the shared listening sockets and hands each to its
 * protocol.
 *
 * The sockets wait with EPOLLEXCLUSIVE. The kernel then prefers whoever waited last, so a worker
 * that has more than its share of connections goes to the end of the queue (see acceptor.c). At
 * `limits.connections` idle connections are culled first, then a newcomer gets `refuse` (its bytes
 * are sent as far as the socket takes them, then closed). With no descriptor left, a reserve is
 * given up to accept and refuse, and the listeners rest for a moment instead of spinning.
 */
#ifndef NET_ACCEPTOR_H
#define NET_ACCEPTOR_H

#include "event/loop.h"
#include "net/conn.h"
#include "net/listener.h"

struct net_limits {
	unsigned connections; /* over all workers; 0: no limit */
	unsigned per_address; /* over all workers; 0: no limit */
};

enum net_refusal { NET_REFUSE_BUSY, NET_REFUSE_ADDRESS };

/* What a worker's connections share. One a process. */
struct net_worker {
	struct loop *loop;
	struct net_limits limits;
	struct list conns;
	struct list idle;
	struct list acceptors;
	unsigned count; /* of conns */
	bool draining;
	int reserve_fd;
	struct task reserve_task; /* takes it again */
	struct timer rest;
	struct list lingering; /* connections after conn_linger, the first to do so first */
	unsigned lingering_count;
	struct list
	    refused; /* newcomers that were turned away and still have to read why (refuse.c) */
	unsigned refused_count;
	struct timer refused_timer;
	bool resting; /* the listeners are out of epoll until `rest` is due */
	void (*on_empty)(struct net_worker *net); /* draining and the last connection is gone */
	void *owner;                              /* of whoever made it */
};

/* One listening socket in this worker. */
struct acceptor_spec {
	const struct listener *listener;
	const struct protocol *protocol;
	const struct transport *transport; /* plain, or TLS */
	void *server;                      /* becomes conn->server */
	/* Bytes for a newcomer that is turned away, empty to close without a word. */
	struct slice refuse[2]; /* by enum net_refusal */
};

void net_worker_init(struct net_worker *net, struct loop *loop, const struct net_limits *limits);
void net_worker_fini(struct net_worker *net);
MUST_CHECK int net_worker_accept(struct net_worker *net, const struct acceptor_spec *spec);
/* Takes what stands in the backlog when `take_backlog`, closes the listening sockets here, asks
 * every connection to drain; on_empty follows, at once if there is none. */
void net_worker_drain(struct net_worker *net, bool take_backlog);
/* Closes every connection now. */
void net_worker_cut(struct net_worker *net);
/* Connections over all workers, this one's included. */
unsigned net_active(void);

#endif
