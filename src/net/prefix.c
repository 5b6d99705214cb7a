/*
 * prefix.c - see prefix.h.
 *
 * Ranges of prefixes either lie inside each other or do not touch. So the table cuts each family's
 * addresses into pieces that do not overlap, each with the narrowest range around it: whatever the
 * list's length, an answer is one binary search. A block list of 10,000 networks takes 14 steps.
 */
#include "net/prefix.h"

#include "base/mem.h"
#include "base/number.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOBODY = -1, BYTES = 16, FAMILIES = 2 };

static unsigned family_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

static int parse_address(struct slice text, struct net_prefix *out)
{
	char host[INET6_ADDRSTRLEN];
	if (text.len == 0 || text.len >= sizeof(host))
		return ERR_SYNTAX;
	memcpy(host, text.ptr, text.len);
	host[text.len] = '\0';
	out->family = slice_find(text, ':') < 0 ? AF_INET : AF_INET6;
	return inet_pton(out->family, host, out->addr) == 1 ? OK : ERR_SYNTAX;
}

static void unmap(struct net_prefix *p)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (p->family != AF_INET6 || p->bits < 96 || memcmp(p->addr, mapped, sizeof(mapped)) != 0)
		return;
	p->family = AF_INET;
	p->bits -= 96;
	memmove(p->addr, p->addr + 12, 4);
	memset(p->addr + 4, 0, 12);
}

/* Sets all bits behind the prefix to those of `fill`, 0x00 or 0xff; whether one of them changed. */
static bool fill_host(const struct net_prefix *p, unsigned char fill, unsigned char addr[BYTES])
{
	bool changed = false;
	for (unsigned i = 0; i < family_bits(p->family) / 8; i++) {
		unsigned kept = p->bits > i * 8 ? p->bits - i * 8 : 0;
		unsigned char mask = kept >= 8 ? 0 : (unsigned char)(0xff >> kept);
		unsigned char byte = (unsigned char)((addr[i] & ~mask) | (fill & mask));
		changed |= byte != addr[i];
		addr[i] = byte;
	}
	return changed;
}

int net_prefix_parse(struct slice text, struct net_prefix *out)
{
	uint64_t bits;
	struct slice rest = text, host = slice_split(&rest, '/');
	*out = (struct net_prefix){ .family = AF_UNSPEC };
	if (slice_eq(text, SLICE("all")))
		return OK;
	out->family = AF_UNIX;
	if (slice_eq(text, SLICE("unix")))
		return OK;
	if (parse_address(host, out) < 0)
		return ERR_SYNTAX;
	bits = family_bits(out->family);
	if (rest.ptr && number_parse(rest, bits, &bits) < 0)
		return ERR_SYNTAX;
	out->bits = (unsigned)bits;
	unmap(out);
	return fill_host(out, 0, out->addr) ? ERR_RANGE : OK;
}

void net_prefix_format(const struct net_prefix *p, char text_out[NET_PREFIX_TEXT])
{
	char host[INET6_ADDRSTRLEN];
	if (p->family == AF_UNSPEC || p->family == AF_UNIX) {
		strcpy(text_out, p->family == AF_UNIX ? "unix" : "all");
		return;
	}
	if (!inet_ntop(p->family, p->addr, host, sizeof(host)))
		host[0] = '\0';
	if (p->bits == family_bits(p->family))
		snprintf(text_out, NET_PREFIX_TEXT, "%s", host);
	else
		snprintf(text_out, NET_PREFIX_TEXT, "%s/%u", host, p->bits);
}

/* From `start` up to the next piece's. */
struct piece {
	unsigned char start[BYTES];
	int found;
};

struct pieces {
	struct piece *list;
	size_t count;
};

struct net_prefix_table {
	struct pieces families[FAMILIES]; /* IPv4, IPv6 */
	int unix_found;
	int all_found; /* "all" is wider than any range */
};

/* A range while pieces are cut. */
struct range {
	unsigned char first[BYTES], last[BYTES];
	unsigned bits;
	int index;
};

/* In the order of their first address; around before inside, later ones after their equals. */
static int compare_ranges(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;
	int order = memcmp(a->first, b->first, BYTES);
	if (order != 0)
		return order;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

/* Whether there is an address after this one, which it then becomes. */
static bool step(unsigned char addr[BYTES], size_t len)
{
	for (size_t i = len; i-- > 0;)
		if (++addr[i] != 0)
			return true;
	return false;
}

static void begin_piece(struct pieces *p, const unsigned char start[BYTES], int found)
{
	if (p->count > 0 && memcmp(p->list[p->count - 1].start, start, BYTES) == 0)
		p->count--; /* nothing lies between the two */
	memcpy(p->list[p->count].start, start, BYTES);
	p->list[p->count++].found = found;
}

/* The ranges around where the cutting is: each lies in the one before, so there are at most as many
 * as an address has bits, and 0. */
struct nest {
	const struct range *open[129];
	size_t depth;
	size_t addr_len;
	int outside; /* what is found around all of them */
};

static void close_before(struct nest *n, const unsigned char *limit, struct pieces *out)
{
	while (n->depth > 0 && (!limit || memcmp(n->open[n->depth - 1]->last, limit, BYTES) < 0)) {
		unsigned char next[BYTES];
		memcpy(next, n->open[--n->depth]->last, BYTES);
		if (step(next, n->addr_len))
			begin_piece(
			    out, next, n->depth > 0 ? n->open[n->depth - 1]->index : n->outside);
	}
}

static void cut(const struct range *ranges, size_t count, struct nest *n, struct pieces *out)
{
	static const unsigned char zero[BYTES];
	begin_piece(out, zero, n->outside);
	for (size_t i = 0; i < count; i++) {
		const struct range *r = &ranges[i];
		close_before(n, r->first, out);
		if (n->depth > 0 && n->open[n->depth - 1]->bits == r->bits)
			n->depth--; /* the very same range: the later one wins */
		begin_piece(out, r->first, r->index);
		n->open[n->depth++] = r;
	}
	close_before(n, NULL, out);
}

static size_t collect(
    const struct net_prefix *list, size_t count, int family, struct range *ranges_out)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (list[i].family != family)
			continue;
		struct range *r = &ranges_out[n++];
		memcpy(r->first, list[i].addr, BYTES);
		memcpy(r->last, list[i].addr, BYTES);
		fill_host(&list[i], 0xff, r->last);
		r->bits = list[i].bits;
		r->index = (int)i;
	}
	qsort(ranges_out, n, sizeof(*ranges_out), compare_ranges);
	return n;
}

static int find_last_of(const struct net_prefix *list, size_t count, int family)
{
	while (count-- > 0)
		if (list[count].family == family)
			return (int)count;
	return NOBODY;
}

struct net_prefix_table *net_prefix_table_new(
    const struct net_prefix *list, size_t count, struct arena *a)
{
	static const int families[FAMILIES] = { AF_INET, AF_INET6 };
	struct net_prefix_table *t = arena_zalloc(a, sizeof(*t));
	struct range *ranges = mem_alloc((count + 1) * sizeof(*ranges));
	int unix_found = find_last_of(list, count, AF_UNIX);
	t->all_found = find_last_of(list, count, AF_UNSPEC);
	t->unix_found = unix_found >= 0 ? unix_found : t->all_found;
	for (size_t i = 0; i < FAMILIES; i++) {
		struct nest nest = { .addr_len = family_bits(families[i]) / 8,
			.outside = t->all_found };
		size_t n = collect(list, count, families[i], ranges);
		/* Each range begins a piece, and its end another. */
		t->families[i].list = arena_alloc(a, (2 * n + 1) * sizeof(struct piece));
		cut(ranges, n, &nest, &t->families[i]);
	}
	mem_free(ranges);
	return t;
}

static int find(const struct pieces *p, const unsigned char addr[BYTES])
{
	size_t low = 0, high = p->count;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (memcmp(p->list[middle].start, addr, BYTES) <= 0)
			low = middle;
		else
			high = middle;
	}
	return p->list[low].found;
}

int net_prefix_table_find(const struct net_prefix_table *t, const struct net_addr *a)
{
	unsigned char addr[BYTES] = { 0 };
	switch (a ? a->any.sa_family : AF_UNSPEC) {
	case AF_INET:
		memcpy(addr, &a->v4.sin_addr, 4);
		return find(&t->families[0], addr);
	case AF_INET6:
		memcpy(addr, &a->v6.sin6_addr, BYTES);
		return find(&t->families[1], addr);
	case AF_UNIX:
		return t->unix_found;
	default:
		return t->all_found;
	}
}
