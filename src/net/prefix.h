/*
 * prefix.h - ranges of addresses as people write them ("192.0.2.0/24", "::1", "unix", "all"), and a
 * table that finds the narrowest one around an address.
 */
#ifndef NET_PREFIX_H
#define NET_PREFIX_H

#include "base/arena.h"
#include "net/addr.h"

struct net_prefix {
	int family;             /* AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC: all of them */
	unsigned bits;          /* that count; 0 for AF_UNIX and AF_UNSPEC */
	unsigned char addr[16]; /* network order; of AF_INET the first four */
};

enum { NET_PREFIX_TEXT = NET_ADDR_TEXT }; /* room for "v6/128" and the NUL */

/*
 * An address alone has all its bits. IPv4 in IPv6's clothes ("::ffff:192.0.2.0/120") is IPv4, as
 * peers are (net_addr_from). ERR_SYNTAX if it is none of these; ERR_RANGE if bits are set behind
 * the prefix ("192.0.2.1/24"): *out is then without them.
 */
MUST_CHECK int net_prefix_parse(struct slice text, struct net_prefix *out);
/* As short as it can be parsed again. NUL-terminated. */
void net_prefix_format(const struct net_prefix *p, char text_out[NET_PREFIX_TEXT]);

struct net_prefix_table;

/* Borrows nothing. Later ones win over earlier ones of the same range. */
struct net_prefix_table *net_prefix_table_new(
    const struct net_prefix *list, size_t count, struct arena *a);
/* The index in that list of the narrowest range around the address; -1 if none is. NULL is an
 * address of no family. */
int net_prefix_table_find(const struct net_prefix_table *t, const struct net_addr *a);

#endif
