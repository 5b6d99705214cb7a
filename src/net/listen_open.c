/*
 * listen_open.c - opens one listening socket, or says in words why it can not.
 *
 * The options that every connection needs are set here once: Linux gives an accepted socket those
 * of the listening one.
 */
#include "net/listen_open.h"

#include "net/port_owner.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	/* Seconds that the kernel keeps a client who has not spoken yet to itself. A request comes
	 * within a round trip; whoever stays silent is to be seen by our own limits and time-outs.
	 */
	DEFER_SECONDS = 1,
	PRIVILEGED_PORTS = 1024,
};

static int backlog_of(const struct listen_spec *spec)
{
	return spec->backlog > 0 ? spec->backlog : SOMAXCONN;
}

static int fail(char why_out[LISTEN_WHY], const char *what)
{
	snprintf(why_out, LISTEN_WHY, "%s: %s", what, strerror(errno));
	return ERR_IO;
}

static void say_in_use(const struct net_addr *addr, char why_out[LISTEN_WHY])
{
	pid_t pid;
	char name[PORT_OWNER_NAME];
	if (port_owner_find(addr, &pid, name) == OK)
		snprintf(why_out, LISTEN_WHY, "address in use by pid %d (%s)", (int)pid, name);
	else
		snprintf(why_out, LISTEN_WHY, "address in use");
}

static void say_failure(const struct net_addr *addr, int error, char why_out[LISTEN_WHY])
{
	switch (error) {
	case EADDRINUSE:
		say_in_use(addr, why_out);
		break;
	case EACCES:
	case EPERM:
		snprintf(why_out, LISTEN_WHY, "permission denied%s",
		    net_addr_port(addr) < PRIVILEGED_PORTS
			? " (ports below 1024 need root or CAP_NET_BIND_SERVICE)"
			: "");
		break;
	case EADDRNOTAVAIL:
		snprintf(why_out, LISTEN_WHY, "this host does not have the address");
		break;
	case EAFNOSUPPORT:
		snprintf(why_out, LISTEN_WHY, "this host has no %s",
		    addr->any.sa_family == AF_INET6 ? "IPv6" : "IPv4");
		break;
	default:
		snprintf(why_out, LISTEN_WHY, "%s", strerror(error));
	}
}

/* IPv6 that is switched off shows itself at socket() or, if only the addresses are taken away, at
 * bind(). */
static bool is_missing_family(const struct net_addr *addr, int error)
{
	if (error == EAFNOSUPPORT || error == EPROTONOSUPPORT)
		return true;
	return error == EADDRNOTAVAIL && addr->any.sa_family == AF_INET6 &&
	       (IN6_IS_ADDR_UNSPECIFIED(&addr->v6.sin6_addr) ||
		   IN6_IS_ADDR_LOOPBACK(&addr->v6.sin6_addr));
}

/* Failures are not fatal: these make things faster, not right. */
static void set_tcp_options(int fd, const struct listen_spec *spec)
{
	int on = 1, defer = spec->defer_accept ? DEFER_SECONDS : 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer));
}

static int bind_tcp(int fd, const struct net_addr *addr, const struct listen_spec *spec)
{
	int on = 1;
	socklen_t len = sizeof(addr->v4);
	if (addr->any.sa_family == AF_INET6) {
		len = sizeof(addr->v6);
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
			return ERR_IO;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return ERR_IO;
	set_tcp_options(fd, spec);
	if (bind(fd, &addr->any, len) < 0 || listen(fd, backlog_of(spec)) < 0)
		return ERR_IO;
	return OK;
}

static int open_tcp(
    const struct listen_target *target, const struct listen_spec *spec, char why_out[LISTEN_WHY])
{
	const struct net_addr *addr = &target->addr;
	int fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind_tcp(fd, addr, spec) == OK)
		return fd;
	int error = errno;
	if (fd >= 0)
		close(fd);
	say_failure(addr, error, why_out);
	if (error == EADDRINUSE)
		return ERR_FULL;
	return target->optional && is_missing_family(addr, error) ? ERR_NOTFOUND : ERR_IO;
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	memcpy(un.sun_path, path, strnlen(path, sizeof(un.sun_path) - 1));
	return un;
}

/* Connected: the one who called listen(), as the kernel remembers it. */
static void say_unix_owner(int fd, char why_out[LISTEN_WHY])
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	char name[PORT_OWNER_NAME];
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || cred.pid <= 0) {
		snprintf(why_out, LISTEN_WHY, "address in use");
		return;
	}
	process_name(cred.pid, name);
	snprintf(why_out, LISTEN_WHY, "address in use by pid %d (%s)", (int)cred.pid, name);
}

/* A file is in the way. Only a socket that nobody listens on may go. */
static int remove_stale(const struct sockaddr_un *un, char why_out[LISTEN_WHY])
{
	struct stat st;
	if (lstat(un->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		snprintf(why_out, LISTEN_WHY, "a file that is no socket has this name");
		return ERR_IO;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(why_out, "socket");
	int rc = connect(fd, (const struct sockaddr *)un, sizeof(*un));
	if (rc == 0)
		say_unix_owner(fd, why_out);
	else if (errno == ECONNREFUSED)
		rc = unlink(un->sun_path) < 0 ? fail(why_out, "cannot remove the stale socket") : 1;
	else
		snprintf(why_out, LISTEN_WHY, "address in use (%s)", strerror(errno));
	close(fd);
	return rc == 1 ? OK : ERR_IO;
}

/* Nobody may connect before the owner and the mode are what they should be. */
static int bind_unix(int fd, const struct sockaddr_un *un)
{
	mode_t before = umask(0777);
	int rc = bind(fd, (const struct sockaddr *)un, sizeof(*un));
	int error = errno;
	umask(before);
	errno = error;
	return rc < 0 ? ERR_IO : OK;
}

static int set_unix_rights(
    const char *path, const struct listen_spec *spec, char why_out[LISTEN_WHY])
{
	struct stat st;
	if (stat(path, &st) < 0)
		return fail(why_out, "cannot read its owner");
	bool owner_differs = (spec->owner != (uid_t)-1 && spec->owner != st.st_uid) ||
			     (spec->group != (gid_t)-1 && spec->group != st.st_gid);
	if (owner_differs && chown(path, spec->owner, spec->group) < 0)
		return fail(why_out, "cannot set its owner");
	if ((st.st_mode & 07777) != spec->mode && chmod(path, spec->mode) < 0)
		return fail(why_out, "cannot set its mode");
	return OK;
}

static int bind_unix_fresh(int fd, const struct sockaddr_un *un, char why_out[LISTEN_WHY])
{
	if (bind_unix(fd, un) == OK)
		return OK;
	if (errno == EADDRINUSE) {
		if (remove_stale(un, why_out) < 0)
			return ERR_IO;
		if (bind_unix(fd, un) == OK)
			return OK;
	}
	snprintf(
	    why_out, LISTEN_WHY, "%s", errno == ENOENT ? "no such directory" : strerror(errno));
	return ERR_IO;
}

static int open_unix(const char *path, const struct listen_spec *spec, char why_out[LISTEN_WHY])
{
	struct sockaddr_un un = unix_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(why_out, "socket");
	if (bind_unix_fresh(fd, &un, why_out) < 0) {
		close(fd);
		return ERR_IO;
	}
	if (listen(fd, backlog_of(spec)) == 0 && set_unix_rights(path, spec, why_out) == OK)
		return fd;
	unlink(path);
	close(fd);
	return ERR_IO;
}

int listen_open(
    const struct listen_target *target, const struct listen_spec *spec, char why_out[LISTEN_WHY])
{
	const char *path = listen_unix_path(target->name);
	return path ? open_unix(path, spec, why_out) : open_tcp(target, spec, why_out);
}

int listen_adjust(int fd, const struct listen_target *target, const struct listen_spec *spec,
    char why_out[LISTEN_WHY])
{
	const char *path = listen_unix_path(target->name);
	if (path && set_unix_rights(path, spec, why_out) < 0)
		return ERR_IO;
	if (!path)
		set_tcp_options(fd, spec);
	if (listen(fd, backlog_of(spec)) < 0)
		return fail(why_out, "cannot set its backlog");
	return OK;
}
