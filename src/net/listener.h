/*
 * listener.h - listening sockets: opened by the master, inherited by every worker.
 *
 * One `listen` entry of the configuration can give several sockets ("*" is IPv6 and IPv4; a host
 * name as many as it has addresses). Each stays open over reloads as long as an entry asks for its
 * address.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/addr.h"

#include <stdbool.h>
#include <sys/types.h>

/* What one listen entry asks for. Strings are borrowed from the configuration. */
struct listen_spec {
	const char *address; /* "*", an address, a host name, "unix:/path" */
	unsigned port;       /* ignored for unix */
	int backlog;
	mode_t mode; /* of a unix socket */
	uid_t owner; /* likewise; (uid_t)-1: as it is */
	gid_t group;
	bool defer_accept; /* TCP_DEFER_ACCEPT: the client speaks first */
};

struct listener {
	int fd;
	const char *name; /* "[::]:80", "192.0.2.1:80", "unix:/run/x.sock"; the key it is found
			     again by; owned */
	struct net_addr addr;
	int spec; /* index of the listen entry it stands for in the snapshot; -1: none any more */
};

struct listener_set {
	struct listener *list;
	size_t count;
};

/*
 * Opens what `specs` ask for. A socket of `have` (kept from the running configuration, handed over
 * by systemd or by a predecessor) that has the wanted address is taken instead of opened. On
 * failure every problem is logged in the form "cannot listen on [::]:80: address in use by pid 712
 * (nginx)", or told to `report` when one is given, what was newly opened is closed, `have` is
 * untouched and ERR_IO returned. "*" succeeds when at least one family is there.
 */
typedef void (*listener_report_fn)(void *ctx, int spec, const char *text);
struct listener_report {
	listener_report_fn on_problem;
	void *ctx;
};
MUST_CHECK int listener_set_open(struct listener_set *out, const struct listen_spec *specs,
    size_t count, const struct listener_set *have, const struct listener_report *report);

/* Closes the sockets of `old` that `kept` does not have too (kept may be NULL), removes the files
 * of unix sockets that vanish when `unlink_files`, and frees the set. */
void listener_set_close(
    struct listener_set *old, const struct listener_set *kept, bool unlink_files);

/* A set of descriptors received from systemd or a predecessor. */
MUST_CHECK int listener_set_adopt(struct listener_set *out, const int *fds, size_t count);

#endif
