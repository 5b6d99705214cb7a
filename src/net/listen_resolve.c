/*
 * listen_resolve.c - what addresses a listen entry stands for.
 *
 * "*" is two sockets, [::] for IPv6 only and 0.0.0.0: either family may be missing from the host,
 * and IPv4 peers need no mapped addresses. A host name is resolved here, in the master, at start
 * and reload; that may block.
 */
#include "net/listen_open.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static const char *host_of(const char *address, char *text_out, size_t room)
{
	size_t len = strlen(address);
	if (len < 2 || address[0] != '[' || address[len - 1] != ']')
		return address;
	snprintf(text_out, room, "%.*s", (int)(len - 2), address + 1);
	return text_out;
}

void listen_spec_name(const struct listen_spec *spec, char *text_out, size_t room)
{
	if (listen_unix_path(spec->address))
		snprintf(text_out, room, "%s", spec->address);
	else if (strchr(spec->address, ':') && spec->address[0] != '[')
		snprintf(text_out, room, "[%s]:%u", spec->address, spec->port);
	else
		snprintf(text_out, room, "%s:%u", spec->address, spec->port);
}

static int resolve_unix(const char *path, struct listen_target *target, char why_out[LISTEN_WHY])
{
	if (path[0] == '\0') {
		snprintf(why_out, LISTEN_WHY, "no path after 'unix:'");
		return ERR_NOTFOUND;
	}
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	if (strlen(path) > max) {
		snprintf(why_out, LISTEN_WHY, "the path is longer than %zu bytes", max);
		return ERR_NOTFOUND;
	}
	target->addr.any.sa_family = AF_UNIX;
	snprintf(target->name, sizeof(target->name), "unix:%s", path);
	return 1;
}

static void set_target(struct listen_target *target, const struct sockaddr *addr, size_t len)
{
	/* As it is: a mapped address is not one that an IPv6 socket of ours can have. */
	memset(target, 0, sizeof(*target));
	memcpy(&target->addr, addr, len < sizeof(target->addr) ? len : sizeof(target->addr));
	char text[NET_ADDR_TEXT];
	net_addr_format(&target->addr, text);
	snprintf(target->name, sizeof(target->name), "%s", text);
}

static int resolve_any(unsigned port, struct listen_target *targets)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	set_target(&targets[0], (struct sockaddr *)&v6, sizeof(v6));
	set_target(&targets[1], (struct sockaddr *)&v4, sizeof(v4));
	targets[0].optional = targets[1].optional = true;
	return 2;
}

static bool is_known(const struct listen_target *targets, int count, const struct addrinfo *ai)
{
	for (int i = 0; i < count; i++)
		if (memcmp(&targets[i].addr, ai->ai_addr, ai->ai_addrlen) == 0)
			return true;
	return false;
}

static int take_addresses(const struct addrinfo *list, struct listen_target *targets)
{
	int count = 0;
	for (const struct addrinfo *ai = list; ai && count < LISTEN_TARGETS; ai = ai->ai_next)
		if (ai->ai_addrlen <= sizeof(struct net_addr) && !is_known(targets, count, ai))
			set_target(&targets[count++], ai->ai_addr, ai->ai_addrlen);
	for (int i = 0; i < count; i++)
		targets[i].optional = count > 1;
	return count;
}

static int resolve_host(
    const struct listen_spec *spec, struct listen_target *targets, char why_out[LISTEN_WHY])
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	char port[16], host[NI_MAXHOST];
	snprintf(port, sizeof(port), "%u", spec->port);
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(host_of(spec->address, host, sizeof(host)), port, &hints, &list);
	if (rc != 0) {
		snprintf(why_out, LISTEN_WHY, "unknown host name (%s)", gai_strerror(rc));
		return ERR_NOTFOUND;
	}
	int count = take_addresses(list, targets);
	freeaddrinfo(list);
	return count;
}

int listen_resolve(const struct listen_spec *spec, struct listen_target targets_out[LISTEN_TARGETS],
    char why_out[LISTEN_WHY])
{
	const char *path = listen_unix_path(spec->address);
	if (path)
		return resolve_unix(path, &targets_out[0], why_out);
	if (strcmp(spec->address, "*") == 0)
		return resolve_any(spec->port, targets_out);
	return resolve_host(spec, targets_out, why_out);
}
