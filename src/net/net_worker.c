/*
 * net_worker.c - all connections of a worker: begun, drained, cut.
 */
#include "net/conn_impl.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Idle connections whose engine may decline before we give up: a newcomer is not worth a long
 * search. */
enum { CULL_TRIES = 16 };

static void on_rested(struct timer *t)
{
	struct net_worker *net = CONTAINER_OF(t, struct net_worker, rest);
	reserve_take(net);
	acceptors_resume(net);
}

/* An eventfd: a sandbox without paths lets it be made again, and it has a place in the table of the
 * process and in that of the system. */
void reserve_take(struct net_worker *net)
{
	if (net->reserve_fd < 0)
		net->reserve_fd = eventfd(0, EFD_CLOEXEC);
}

void reserve_release(struct net_worker *net)
{
	if (net->reserve_fd >= 0)
		close(net->reserve_fd);
	net->reserve_fd = -1;
}

static void on_reserve_task(struct task *t)
{
	reserve_take(CONTAINER_OF(t, struct net_worker, reserve_task));
}

void net_worker_init(struct net_worker *net, struct loop *loop, const struct net_limits *limits)
{
	*net = (struct net_worker){ .loop = loop, .limits = *limits };
	list_init(&net->conns);
	list_init(&net->idle);
	list_init(&net->acceptors);
	list_init(&net->lingering);
	list_init(&net->refused);
	net->rest.on_due = on_rested;
	net->reserve_task.run = on_reserve_task;
	net->reserve_fd = -1;
	reserve_take(net);
	signal(SIGPIPE, SIG_IGN); /* sendfile to a peer that is gone: there is no flag against it */
}

void net_worker_fini(struct net_worker *net)
{
	acceptors_close(net, false);
	while (net->count > 0) {
		net_worker_cut(net);
		loop_turn(net->loop, 0);
	}
	refuse_clear(net);
	reserve_release(net);
}

bool cull_one(struct net_worker *net)
{
	int tries = CULL_TRIES;
	LIST_EACH_SAFE (node, &net->idle) {
		struct conn *c = CONTAINER_OF(node, struct conn, idle_node);
		if (tries-- == 0)
			break;
		if (c->protocol->cull(c))
			return true;
	}
	return false;
}

void net_worker_drain(struct net_worker *net, bool take_backlog)
{
	if (net->draining)
		return;
	net->draining = true;
	acceptors_close(net, take_backlog);
	LIST_EACH_SAFE (node, &net->conns) {
		struct conn *c = CONTAINER_OF(node, struct conn, node);
		if (!conn_ending(c))
			c->protocol->drain(c);
	}
	if (net->count == 0 && net->on_empty)
		net->on_empty(net);
}

void net_worker_cut(struct net_worker *net)
{
	LIST_EACH_SAFE (node, &net->conns)
		conn_close(CONTAINER_OF(node, struct conn, node));
}

unsigned net_active(void)
{
	return score_connections();
}
