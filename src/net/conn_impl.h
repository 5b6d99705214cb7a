/*
 * conn_impl.h - what the files that make up the connection layer share; nobody outside net/
 * includes it.
 */
#ifndef NET_CONN_IMPL_H
#define NET_CONN_IMPL_H

#include "base/scoreboard.h"
#include "net/acceptor.h"
#include "net/conn.h"

/* conn.c: has the kernel tell once more in the next turn what the socket is ready for, behind the
 * others. */
void conn_requeue(struct conn *c);
/* conn.c: as conn_set_deadline, for a connection that is lingering, too. */
void conn_arm(struct conn *c, uint64_t due_ms);

/* net_worker.c: closes the connection that has been idle longest; false if there is none that can
 * go. */
bool cull_one(struct net_worker *net);

/* net_worker.c: a descriptor held for the moment when there is none left. */
void reserve_take(struct net_worker *net);
void reserve_release(struct net_worker *net);

/* acceptor.c: what net_worker.c needs to end with the listening sockets. */
void acceptors_resume(struct net_worker *net);
void acceptors_close(struct net_worker *net, bool take_backlog);

/* conn_in.c: the read buffer goes, whatever is in it. */
void conn_drop_in(struct conn *c);

/* linger.c: an event or the deadline came while lingering. */
void linger_continue(struct conn *c);
void linger_expired(struct conn *c);

/*
 * refuse.c: turns a newcomer away: sends as much of `words` as the socket takes, and keeps the
 * descriptor for a short while if `may_wait`, so that the peer can read them. Takes fd.
 */
void refuse(struct net_worker *net, int fd, struct slice words, bool may_wait);
void refuse_clear(struct net_worker *net);
#endif
