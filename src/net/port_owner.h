/*
 * port_owner.h - who holds a port that is wanted, for the message that says so.
 */
#ifndef NET_PORT_OWNER_H
#define NET_PORT_OWNER_H

#include "net/addr.h"

#include <sys/types.h>

enum {
	PORT_OWNER_NAME = 32
}; /* a process' short name has at most 15 bytes, a kernel thread's a few more */

/*
 * The process with the lowest number that has a listening socket in the way of this address (among
 * master and workers that is the master). ERR_NOTFOUND when /proc does not tell: it is someone
 * else's and we are not root, or the port is held by a connection.
 */
MUST_CHECK int port_owner_find(
    const struct net_addr *addr, pid_t *pid_out, char name_out[PORT_OWNER_NAME]);

/* Its short name; "?" when /proc does not tell. */
void process_name(pid_t pid, char name_out[PORT_OWNER_NAME]);

#endif
