/*
 * listener.c - the set of listening sockets of a configuration: what is there already is taken
 * over, what is missing is opened, and either all of it succeeds or nothing has changed.
 *
 * Used by the master. How one socket is opened is in listen_open.c.
 */
#include "net/listener.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/listen_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What listener_set_open works on. */
struct opening {
	struct listener_set *out;
	const struct listener_set *have;
	const struct listener_report *report;
	size_t problems;
};

static void complain(struct opening *o, int spec, const char *name, const char *why)
{
	char text[512];
	snprintf(text, sizeof(text), "cannot listen on %s: %s", name, why);
	o->problems++;
	if (o->report)
		o->report->on_problem(o->report->ctx, spec, text);
	else
		log_error("%s", text);
}

static void add(struct listener_set *set, const struct listener *l)
{
	set->list = mem_realloc(set->list, (set->count + 1) * sizeof(*set->list));
	set->list[set->count] = *l;
	set->list[set->count++].name = mem_strdup(l->name);
}

static bool same_address(const struct net_addr *a, const struct net_addr *b)
{
	if (a->any.sa_family != b->any.sa_family || net_addr_port(a) != net_addr_port(b))
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
	       a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

static const struct listener *find(
    const struct listener_set *set, const struct listen_target *target)
{
	bool is_unix = target->addr.any.sa_family == AF_UNIX;
	for (size_t i = 0; set && i < set->count; i++) {
		const struct listener *l = &set->list[i];
		if (is_unix ? strcmp(l->name, target->name) == 0
			    : same_address(&l->addr, &target->addr))
			return l;
	}
	return NULL;
}

/* One that can be taken over. A unix socket whose file is gone can be reached by nobody. */
static const struct listener *find_kept(const struct opening *o, const struct listen_target *target)
{
	const char *path = listen_unix_path(target->name);
	struct stat st;
	if (path && (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode)))
		return NULL;
	return find(o->have, target);
}

static bool has_fd(const struct listener_set *set, int fd)
{
	for (size_t i = 0; set && i < set->count; i++)
		if (set->list[i].fd == fd)
			return true;
	return false;
}

static bool has_name(const struct listener_set *set, const char *name)
{
	for (size_t i = 0; set && i < set->count; i++)
		if (strcmp(set->list[i].name, name) == 0)
			return true;
	return false;
}

static bool is_any(const struct net_addr *a)
{
	return a->any.sa_family == AF_INET ? a->v4.sin_addr.s_addr == htonl(INADDR_ANY)
					   : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

/* One of ours that covers the address or is covered by it, in which case the kernel refuses the
 * second. */
static const struct listener *find_overlap(
    const struct listener_set *set, const struct net_addr *addr)
{
	for (size_t i = 0; set && i < set->count; i++) {
		const struct net_addr *other = &set->list[i].addr;
		if (addr->any.sa_family != AF_UNIX && other->any.sa_family == addr->any.sa_family &&
		    net_addr_port(other) == net_addr_port(addr) && net_addr_port(addr) != 0 &&
		    (is_any(other) || is_any(addr)))
			return &set->list[i];
	}
	return NULL;
}

/* The port may have been 0: then the kernel has chosen one. */
static void set_bound_name(struct listener *l, char text[NET_ADDR_TEXT])
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	if (l->addr.any.sa_family == AF_UNIX || net_addr_port(&l->addr) != 0)
		return;
	if (getsockname(l->fd, (struct sockaddr *)&ss, &len) < 0)
		return;
	net_addr_from(&l->addr, &ss);
	net_addr_format(&l->addr, text);
	l->name = text;
}

static int open_new(struct opening *o, const struct listen_target *target,
    const struct listen_spec *spec, char why_out[LISTEN_WHY])
{
	int fd = listen_open(target, spec, why_out);
	if (fd != ERR_FULL)
		return fd;
	const struct listener *other = find_overlap(o->out, &target->addr);
	if (other) {
		snprintf(why_out, LISTEN_WHY, "another listen entry has %s already", other->name);
		return fd;
	}
	other = find_overlap(o->have, &target->addr);
	if (other)
		snprintf(why_out, LISTEN_WHY,
		    "this server itself has %s (to change one into the other takes a restart)",
		    other->name);
	return fd;
}

/* A socket that was handed over can serve both families ([::] with IPV6_V6ONLY off, as systemd
 * makes it). */
static bool is_served_by_ipv6(const struct listener_set *set, const struct net_addr *addr)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct net_addr *other = &set->list[i].addr;
		int only = 1;
		socklen_t len = sizeof(only);
		if (addr->any.sa_family == AF_INET && other->any.sa_family == AF_INET6 &&
		    net_addr_port(addr) == net_addr_port(other) && is_any(other) &&
		    getsockopt(set->list[i].fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) == 0 &&
		    !only)
			return true;
	}
	return false;
}

/* OK; ERR_NOTFOUND with the reason: not here, which another address of the entry can make good;
 * ERR_IO: told. */
static int open_target(struct opening *o, int index, const struct listen_target *target,
    const struct listen_spec *spec, char why_out[LISTEN_WHY])
{
	char text[NET_ADDR_TEXT];
	if (find(o->out, target)) {
		complain(o, index, target->name, "another listen entry has the same address");
		return ERR_IO;
	}
	if (is_served_by_ipv6(o->out, &target->addr))
		return OK;
	const struct listener *kept = find_kept(o, target);
	struct listener l = { .name = target->name, .addr = target->addr, .spec = index };
	if (!kept)
		l.fd = open_new(o, target, spec, why_out);
	else
		l.fd = listen_adjust(kept->fd, target, spec, why_out) < 0 ? ERR_IO : kept->fd;
	if (l.fd == ERR_NOTFOUND)
		return ERR_NOTFOUND;
	if (l.fd < 0) {
		complain(o, index, target->name, why_out);
		return ERR_IO;
	}
	set_bound_name(&l, text);
	add(o->out, &l);
	return OK;
}

static void open_spec(struct opening *o, int index, const struct listen_spec *spec)
{
	struct listen_target targets[LISTEN_TARGETS];
	char why[LISTEN_WHY], name[LISTEN_WHY];
	listen_spec_name(spec, name, sizeof(name));
	int count = listen_resolve(spec, targets, why);
	if (count < 0) {
		complain(o, index, name, why);
		return;
	}
	int missing = 0;
	for (int i = 0; i < count; i++)
		if (open_target(o, index, &targets[i], spec, why) == ERR_NOTFOUND)
			missing++;
	if (missing == count)
		complain(o, index, name, why);
}

int listener_set_open(struct listener_set *out, const struct listen_spec *specs, size_t count,
    const struct listener_set *have, const struct listener_report *report)
{
	struct opening o = { .out = out, .have = have, .report = report };
	*out = (struct listener_set){ 0 };
	for (size_t i = 0; i < count; i++)
		open_spec(&o, (int)i, &specs[i]);
	if (o.problems == 0)
		return OK;
	listener_set_close(out, have, true);
	return ERR_IO;
}

void listener_set_close(
    struct listener_set *old, const struct listener_set *kept, bool unlink_files)
{
	for (size_t i = 0; i < old->count; i++) {
		struct listener *l = &old->list[i];
		const char *path = listen_unix_path(l->name);
		if (!has_fd(kept, l->fd)) {
			if (path && unlink_files && !has_name(kept, l->name))
				unlink(path);
			close(l->fd);
		}
		mem_free((char *)l->name);
	}
	mem_free(old->list);
	*old = (struct listener_set){ 0 };
}

static bool is_listening(int fd)
{
	int on = 0, type = 0;
	socklen_t len = sizeof(on);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) < 0 || !on)
		return false;
	len = sizeof(type);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

static void name_unix(const struct sockaddr_storage *ss, socklen_t len, char *text_out, size_t room)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)ss;
	size_t head = offsetof(struct sockaddr_un, sun_path);
	int n = len > head ? (int)(len - head) : 0;
	bool is_abstract = n > 0 && un->sun_path[0] == '\0';
	if (is_abstract)
		snprintf(text_out, room, "unix:@%.*s", n - 1, un->sun_path + 1);
	else
		snprintf(text_out, room, "unix:%.*s", n, un->sun_path);
}

static int adopt_one(struct listener_set *out, int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	char name[sizeof(((struct listen_target *)0)->name)];
	if (!is_listening(fd) || getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return ERR_SYNTAX;
	int flags = fcntl(fd, F_GETFL);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return ERR_IO;
	struct listener l = { .fd = fd, .name = name, .spec = -1 };
	net_addr_from(&l.addr, &ss);
	if (l.addr.any.sa_family == AF_UNIX)
		name_unix(&ss, len, name, sizeof(name));
	else
		net_addr_format(&l.addr, name);
	add(out, &l);
	return OK;
}

int listener_set_adopt(struct listener_set *out, const int *fds, size_t count)
{
	*out = (struct listener_set){ 0 };
	for (size_t i = 0; i < count; i++) {
		int rc = adopt_one(out, fds[i]);
		if (rc == OK)
			continue;
		log_error("descriptor %d that was handed over is no listening socket", fds[i]);
		listener_set_close(out, out, false);
		return rc;
	}
	return OK;
}
