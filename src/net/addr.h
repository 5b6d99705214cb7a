/*
 * addr.h - socket addresses of the three families we serve, small enough to stand in each
 * connection.
 */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include "base/error.h"
#include "base/slice.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct net_addr {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6; /* an IPv4-mapped peer is stored as v4 */
	};
};

enum { NET_ADDR_TEXT = 64 }; /* room for "[v6]:port" and the NUL */

/* From what accept4 or getsockname filled in; mapped IPv4 is unmapped, unix keeps only its family.
 */
void net_addr_from(struct net_addr *out, const struct sockaddr_storage *from);
/* "192.0.2.1", "2001:db8::1", "unix:"; without the port. NUL-terminated; returns the length. */
size_t net_addr_host(const struct net_addr *a, char text_out[NET_ADDR_TEXT]);
/* "192.0.2.1:80", "[2001:db8::1]:80", "unix:". */
size_t net_addr_format(const struct net_addr *a, char text_out[NET_ADDR_TEXT]);
unsigned net_addr_port(const struct net_addr *a); /* 0 for unix */
/* 16 bytes that identify the peer: the IPv4-mapped address or the IPv6 address' first 64 bits
 * (a subscriber has at least a /64, so more would let him pretend to be many). */
void net_addr_key(const struct net_addr *a, unsigned char key_out[16]);

#endif
