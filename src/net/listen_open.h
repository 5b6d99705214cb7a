/*
 * listen_open.h - one listening socket: from what a listen entry says to the descriptor.
 *
 * For listener.c alone, which knows of sets, of sockets that are kept, and whom to tell.
 */
#ifndef NET_LISTEN_OPEN_H
#define NET_LISTEN_OPEN_H

#include "net/listener.h"

enum {
	LISTEN_TARGETS = 16, /* addresses of one entry: a host name with more is a mistake */
	LISTEN_WHY = 256,    /* room for a reason in words */
};

/* One address that an entry stands for. */
struct listen_target {
	struct net_addr addr;
	char name[sizeof("unix:") + 108]; /* "[::]:80"; the path of a unix socket fits */
	bool optional; /* a host without this family is served by the entry's other addresses */
};

/* What `spec` stands for; the number of targets or ERR_NOTFOUND with the reason. */
MUST_CHECK int listen_resolve(const struct listen_spec *spec,
    struct listen_target targets_out[LISTEN_TARGETS], char why_out[LISTEN_WHY]);
/* What to call the entry as a whole: "example.org:80". */
void listen_spec_name(const struct listen_spec *spec, char *text_out, size_t room);

/* The descriptor; else the reason and ERR_NOTFOUND when an optional target's family is missing
 * here, ERR_FULL when the address is in use, ERR_IO. */
MUST_CHECK int listen_open(
    const struct listen_target *target, const struct listen_spec *spec, char why_out[LISTEN_WHY]);
/* The same entry may ask for other settings now. ERR_IO with the reason. */
MUST_CHECK int listen_adjust(int fd, const struct listen_target *target,
    const struct listen_spec *spec, char why_out[LISTEN_WHY]);

static inline const char *listen_unix_path(const char *name)
{
	return strncmp(name, "unix:", 5) == 0 ? name + 5 : NULL;
}

#endif
