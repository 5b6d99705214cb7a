/*
 * addr.c - socket addresses: taken from the kernel, told to people, told apart by the limits.
 *
 * Text of IPv6 is that of RFC 5952 (inet_ntop makes it). No name is looked up here.
 */
#include "net/addr.h"

#include "base/number.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

_Static_assert(NET_ADDR_TEXT >= INET6_ADDRSTRLEN + sizeof("[]:65535"), "no room for [v6]:port");

static void unmap(struct net_addr *out, const struct sockaddr_in6 *v6)
{
	out->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = v6->sin6_port };
	memcpy(&out->v4.sin_addr, &v6->sin6_addr.s6_addr[12], 4);
}

void net_addr_from(struct net_addr *out, const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	memset(out, 0, sizeof(*out));
	switch (from->ss_family) {
	case AF_INET:
		memcpy(&out->v4, from, sizeof(out->v4));
		break;
	case AF_INET6:
		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
			unmap(out, v6);
		else
			memcpy(&out->v6, v6, sizeof(out->v6));
		break;
	default:
		out->any.sa_family = AF_UNIX;
	}
}

/* By hand: every request's log line has one, and inet_ntop goes through printf for these. */
static size_t format_v4(const struct in_addr *a, char *to)
{
	const unsigned char *octet = (const unsigned char *)a;
	size_t n = 0;
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			to[n++] = '.';
		n += number_format(octet[i], to + n);
	}
	to[n] = '\0';
	return n;
}

size_t net_addr_host(const struct net_addr *a, char text_out[NET_ADDR_TEXT])
{
	switch (a->any.sa_family) {
	case AF_INET:
		return format_v4(&a->v4.sin_addr, text_out);
	case AF_INET6:
		if (!inet_ntop(AF_INET6, &a->v6.sin6_addr, text_out, NET_ADDR_TEXT))
			text_out[0] = '\0';
		return strlen(text_out);
	default:
		memcpy(text_out, "unix:", sizeof("unix:"));
		return sizeof("unix:") - 1;
	}
}

size_t net_addr_format(const struct net_addr *a, char text_out[NET_ADDR_TEXT])
{
	size_t n = 0;
	if (a->any.sa_family == AF_INET6) {
		text_out[0] = '[';
		char host[NET_ADDR_TEXT];
		size_t len = net_addr_host(a, host);
		memcpy(text_out + 1, host, len);
		text_out[len + 1] = ']';
		n = len + 2;
	} else {
		n = net_addr_host(a, text_out);
		if (a->any.sa_family != AF_INET)
			return n;
	}
	text_out[n++] = ':';
	n += number_format(net_addr_port(a), text_out + n);
	text_out[n] = '\0';
	return n;
}

unsigned net_addr_port(const struct net_addr *a)
{
	switch (a->any.sa_family) {
	case AF_INET:
		return ntohs(a->v4.sin_port);
	case AF_INET6:
		return ntohs(a->v6.sin6_port);
	default:
		return 0;
	}
}

void net_addr_key(const struct net_addr *a, unsigned char key_out[16])
{
	memset(key_out, 0, 16);
	switch (a->any.sa_family) {
	case AF_INET:
		key_out[10] = key_out[11] = 0xff;
		memcpy(key_out + 12, &a->v4.sin_addr, 4);
		break;
	case AF_INET6:
		memcpy(key_out, &a->v6.sin6_addr, 8);
		key_out[8] = 64; /* no key is all zero then, that of ::1 included */
		break;
	default:
		break;
	}
}
