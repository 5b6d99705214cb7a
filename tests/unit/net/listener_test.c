/*
 * listener_test.c - sets of listening sockets: opened, kept over a reload, refused with the reason.
 */
#include "fake.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* The first of four free ports in a row. */
static unsigned port;

static char dir[64];
static char unix_address[96];

/* What was reported, line by line. */
static char told[4096];
static int told_specs[16], told_count;

static void on_report(void *ctx, int spec, const char *text)
{
	assert_ptr_equal(ctx, told);
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", text);
	told_specs[told_count++] = spec;
}

/* In place of libc's, to take something away from this host. */
static int missing_family[2] = { -1, -1 };
static int bind_error;

int socket(int family, int type, int protocol)
{
	if (family == missing_family[0] || family == missing_family[1]) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return (int)syscall(SYS_socket, family, type, protocol);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	errno = bind_error;
	return bind_error ? -1 : (int)syscall(SYS_bind, fd, addr, len);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/listener_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(unix_address, sizeof(unix_address), "unix:%s/s", dir);
	told[0] = '\0';
	told_count = 0;
	missing_family[0] = missing_family[1] = -1;
	bind_error = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(unix_address + 5);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static bool is_free(unsigned number)
{
	int off = 0;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)number) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	int rc = bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	close(fd);
	return rc == 0;
}

static int find_ports(void **state)
{
	(void)state;
	for (port = 24100; port < 32000; port += 4)
		if (is_free(port) && is_free(port + 1) && is_free(port + 2) && is_free(port + 3))
			break;
	return 0;
}

/* The text with each @ replaced by the port, each + by the last of the four. */
static const char *with_port(const char *text)
{
	static char out[2048];
	char *to = out;
	for (; *text; text++) {
		if (*text == '@' || *text == '+')
			to += sprintf(to, "%u", *text == '@' ? port : port + 3);
		else
			*to++ = *text;
	}
	*to = '\0';
	return out;
}

static struct listen_spec want(const char *address, unsigned number)
{
	return (struct listen_spec){
		.address = address,
		.port = number,
		.backlog = 64,
		.mode = 0660,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
	};
}

static int open_set(struct listener_set *out, const struct listen_spec *specs, size_t count,
    const struct listener_set *have)
{
	struct listener_report report = { on_report, told };
	return listener_set_open(out, specs, count, have, &report);
}

static struct listener_set open_one(const struct listen_spec *spec, const struct listener_set *have)
{
	struct listener_set set;
	int rc = open_set(&set, spec, 1, have);
	if (rc != OK)
		fail_msg("%s", told);
	return set;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);
	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* Of a listening socket TCP_INFO tells the backlog here. */
static unsigned backlog_of(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_sacked;
}

static bool can_connect(const struct listener *l)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(l->addr.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr *to = &l->addr.any;
	socklen_t len = to->sa_family == AF_INET ? sizeof(l->addr.v4) : sizeof(l->addr.v6);
	if (to->sa_family == AF_UNIX) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", l->name + 5);
		to = (const struct sockaddr *)&un;
		len = sizeof(un);
	}
	int rc = connect(fd, to, len);
	close(fd);
	return rc == 0;
}

static void star_is_two_sockets(void **state)
{
	(void)state;
	struct listen_spec spec = want("*", port);
	spec.defer_accept = true;
	struct listener_set set = open_one(&spec, NULL);
	assert_int_equal(set.count, 2);
	assert_string_equal(set.list[0].name, with_port("[::]:@"));
	assert_string_equal(set.list[1].name, with_port("0.0.0.0:@"));
	for (size_t i = 0; i < set.count; i++) {
		int fd = set.list[i].fd;
		assert_int_equal(set.list[i].spec, 0);
		assert_true(can_connect(&set.list[i]));
		assert_int_equal(backlog_of(fd), 64);
		assert_true(option(fd, IPPROTO_TCP, TCP_NODELAY));
		assert_true(option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
		assert_true(option(fd, SOL_SOCKET, SO_REUSEADDR));
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	assert_true(option(set.list[0].fd, IPPROTO_IPV6, IPV6_V6ONLY));
	listener_set_close(&set, NULL, true);
	assert_null(set.list);
}

static void port_of_zero_is_told(void **state)
{
	(void)state;
	struct listen_spec spec = want("127.0.0.1", 0);
	struct listener_set set = open_one(&spec, NULL);
	char expected[32];
	assert_int_not_equal(net_addr_port(&set.list[0].addr), 0);
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", net_addr_port(&set.list[0].addr));
	assert_string_equal(set.list[0].name, expected);
	assert_true(can_connect(&set.list[0]));
	listener_set_close(&set, NULL, true);
}

static void names_give_all_their_addresses(void **state)
{
	(void)state;
	static const char *const addresses[] = { "localhost", "127.0.0.1", "::1", "[::1]" };
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct listen_spec spec = want(addresses[i], port);
		struct listener_set set = open_one(&spec, NULL);
		assert_true(set.count >= 1);
		for (size_t k = 0; k < set.count; k++)
			assert_true(can_connect(&set.list[k]));
		if (i > 0)
			assert_int_equal(set.count, 1);
		if (i > 1)
			assert_string_equal(set.list[0].name, with_port("[::1]:@"));
		listener_set_close(&set, NULL, true);
	}
}

static void one_family_is_enough(void **state)
{
	(void)state;
	struct listen_spec star = want("*", port), name = want("localhost", port);
	struct listen_spec literal = want("::1", port);
	struct listener_set set;
	missing_family[0] = AF_INET6;
	set = open_one(&star, NULL);
	assert_int_equal(set.count, 1);
	assert_string_equal(set.list[0].name, with_port("0.0.0.0:@"));
	listener_set_close(&set, NULL, true);
	set = open_one(&name, NULL);
	assert_int_equal(set.count, 1);
	listener_set_close(&set, NULL, true);
	assert_int_equal(open_set(&set, &literal, 1, NULL), ERR_IO);
	missing_family[0] = AF_INET;
	set = open_one(&star, NULL);
	assert_int_equal(set.count, 1);
	assert_string_equal(set.list[0].name, with_port("[::]:@"));
	listener_set_close(&set, NULL, true);
	missing_family[1] = AF_INET6;
	assert_int_equal(open_set(&set, &star, 1, NULL), ERR_IO);
	assert_string_equal(told, with_port("cannot listen on [::1]:@: this host has no IPv6\n"
					    "cannot listen on *:@: this host has no IPv4\n"));
}

static void privileged_port_says_what_it_needs(void **state)
{
	(void)state;
	struct listen_spec specs[] = { want("127.0.0.1", 80), want("127.0.0.1", 8080) };
	struct listener_set set;
	bind_error = EACCES;
	assert_int_equal(open_set(&set, specs, 2, NULL), ERR_IO);
	assert_string_equal(told,
	    "cannot listen on 127.0.0.1:80: permission denied (ports below 1024 need root or "
	    "CAP_NET_BIND_SERVICE)\n"
	    "cannot listen on 127.0.0.1:8080: permission denied\n");
}

static void reload_keeps_opens_and_closes(void **state)
{
	(void)state;
	struct listen_spec before[] = { want("127.0.0.1", port), want("127.0.0.1", port + 1),
		want(unix_address, 0) };
	struct listen_spec after[] = { want(unix_address, 0), want("127.0.0.1", port + 2),
		want("127.0.0.1", port) };
	struct listener_set old, new;
	assert_int_equal(open_set(&old, before, 3, NULL), OK);
	after[2].backlog = 32;
	after[2].defer_accept = true;
	after[0].mode = 0600;
	assert_int_equal(open_set(&new, after, 3, &old), OK);
	int gone = old.list[1].fd;
	assert_int_equal(new.list[0].fd, old.list[2].fd);
	assert_int_equal(new.list[2].fd, old.list[0].fd);
	assert_int_equal(new.list[2].spec, 2);
	assert_int_equal(backlog_of(new.list[2].fd), 32);
	assert_true(option(new.list[2].fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
	struct stat st;
	assert_int_equal(stat(unix_address + 5, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	listener_set_close(&old, &new, true);
	assert_int_equal(fcntl(gone, F_GETFD), -1);
	for (size_t i = 0; i < new.count; i++)
		assert_true(can_connect(&new.list[i]));
	listener_set_close(&new, NULL, true);
	assert_int_equal(access(unix_address + 5, F_OK), -1);
}

static void failure_changes_nothing_and_tells_all(void **state)
{
	(void)state;
	char file[128], expected[2048], deep[160];
	struct listen_spec first[] = { want("127.0.0.1", port) };
	struct listener_set old = open_one(&first[0], NULL), none;
	snprintf(file, sizeof(file), "unix:%s/file", dir);
	close(open(file + 5, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	snprintf(deep, sizeof(deep), "unix:%s/no/such/s", dir);
	struct listen_spec specs[] = {
		want("127.0.0.1", port),
		want("127.0.0.1", port + 3), /* opened, then closed again */
		want("192.0.2.99", port),
		want("no-such-host.invalid", 80),
		want(file, 0),
		want(deep, 0),
		want("127.0.0.1", port + 3),
		want("unix:", 0),
		want("unix:/1234567890123456789012345678901234567890123456789012345678901234567890"
		     "123456789012345678901234567890123456789",
		    0),
		want(unix_address, 0),
	};
	assert_int_equal(open_set(&none, specs, sizeof(specs) / sizeof(specs[0]), &old), ERR_IO);
	assert_int_equal(none.count, 0);
	assert_int_equal(told_count, 7);
	static const int in_order[] = { 2, 3, 4, 5, 6, 7, 8 };
	assert_memory_equal(told_specs, in_order, sizeof(in_order));
	char *host = strstr(told, "cannot listen on no-such-host.invalid:80: unknown host name (");
	assert_non_null(host);
	memmove(host, strchr(host, '\n') + 1, strlen(strchr(host, '\n')));
	snprintf(expected, sizeof(expected),
	    "cannot listen on 192.0.2.99:@: this host does not have the address\n"
	    "cannot listen on %s: a file that is no socket has this name\n"
	    "cannot listen on %s: no such directory\n"
	    "cannot listen on 127.0.0.1:+: another listen entry has the same address\n"
	    "cannot listen on unix:: no path after 'unix:'\n"
	    "cannot listen on %s: the path is longer than 107 bytes\n",
	    file, deep, specs[8].address);
	assert_string_equal(told, with_port(expected));
	assert_true(can_connect(&old.list[0]));
	assert_int_equal(access(file + 5, F_OK), 0);
	assert_int_equal(access(unix_address + 5, F_OK), -1);
	struct listener gone = { .addr = old.list[0].addr };
	gone.addr.v4.sin_port = htons((uint16_t)(port + 3));
	assert_false(can_connect(&gone));
	listener_set_close(&old, NULL, true);
	unlink(file + 5);
}

/* Held by this very process, which /proc tells. */
static void busy_port_names_its_holder(void **state)
{
	(void)state;
	static const char *const holders[] = { "127.0.0.1", "0.0.0.0", "::1", "::" };
	static const char *const wanted[] = { "127.0.0.1", "127.0.0.1", "::1", "::1" };
	char expected[256];
	for (size_t i = 0; i < sizeof(holders) / sizeof(holders[0]); i++) {
		struct listen_spec theirs = want(holders[i], port), ours = want(wanted[i], port);
		struct listener_set held = open_one(&theirs, NULL), none;
		told[0] = '\0';
		assert_int_equal(open_set(&none, &ours, 1, NULL), ERR_IO);
		snprintf(expected, sizeof(expected),
		    strchr(wanted[i], ':')
			? "cannot listen on [%s]:@: address in use by pid %d (%s)\n"
			: "cannot listen on %s:@: address in use by pid %d (%s)\n",
		    wanted[i], (int)getpid(), program_invocation_short_name);
		assert_string_equal(told, with_port(expected));
		listener_set_close(&held, NULL, true);
	}
}

static void overlap_with_our_own_is_told(void **state)
{
	(void)state;
	struct listen_spec specific = want("127.0.0.1", port);
	struct listen_spec both[] = { want("127.0.0.1", port), want("*", port) };
	struct listener_set old = open_one(&specific, NULL), none;
	assert_int_equal(open_set(&none, &both[1], 1, &old), ERR_IO);
	assert_string_equal(
	    told, with_port("cannot listen on 0.0.0.0:@: this server itself has 127.0.0.1:@ "
			    "(to change one into the other takes a restart)\n"));
	listener_set_close(&old, NULL, true);
	told[0] = '\0';
	assert_int_equal(open_set(&none, both, 2, NULL), ERR_IO);
	assert_string_equal(told, with_port("cannot listen on 0.0.0.0:@: another listen entry has "
					    "127.0.0.1:@ already\n"));
}

static void unix_socket_has_its_rights(void **state)
{
	(void)state;
	struct listen_spec spec = want(unix_address, 0);
	spec.mode = 0640;
	spec.owner = getuid();
	spec.group = getgid();
	mode_t mask = umask(0);
	struct listener_set set = open_one(&spec, NULL);
	assert_int_equal(umask(mask), 0); /* as it was */
	assert_string_equal(set.list[0].name, unix_address);
	struct stat st;
	assert_int_equal(stat(unix_address + 5, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(can_connect(&set.list[0]));
	listener_set_close(&set, NULL, false);
	assert_int_equal(access(unix_address + 5, F_OK), 0);
}

static void stale_unix_socket_is_replaced(void **state)
{
	(void)state;
	struct listen_spec spec = want(unix_address, 0);
	struct listener_set dead = open_one(&spec, NULL);
	listener_set_close(&dead, NULL, false); /* as a crash leaves it */
	struct listener_set set = open_one(&spec, NULL), none;
	assert_true(can_connect(&set.list[0]));
	assert_int_equal(open_set(&none, &spec, 1, NULL), ERR_IO);
	char expected[256];
	snprintf(expected, sizeof(expected), "cannot listen on %s: address in use by pid %d (%s)\n",
	    unix_address, (int)getpid(), program_invocation_short_name);
	assert_string_equal(told, with_port(expected));
	assert_true(can_connect(&set.list[0]));
	listener_set_close(&set, NULL, true);
}

/* Someone has removed the file of a socket that we keep: it is opened anew, and its end removes
 * nothing. */
static void lost_unix_socket_is_opened_anew(void **state)
{
	(void)state;
	struct listen_spec spec = want(unix_address, 0);
	struct listener_set old = open_one(&spec, NULL);
	unlink(unix_address + 5);
	struct listener_set new = open_one(&spec, &old);
	assert_int_not_equal(new.list[0].fd, old.list[0].fd);
	listener_set_close(&old, &new, true);
	assert_true(can_connect(&new.list[0]));
	listener_set_close(&new, NULL, true);
}

static void adopts_and_takes_over(void **state)
{
	(void)state;
	int fds[2] = { socket(AF_INET6, SOCK_STREAM, 0), socket(AF_UNIX, SOCK_STREAM, 0) };
	int off = 0;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", unix_address + 5);
	setsockopt(fds[0], IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	assert_int_equal(bind(fds[0], (struct sockaddr *)&v6, sizeof(v6)), 0);
	assert_int_equal(bind(fds[1], (struct sockaddr *)&un, sizeof(un)), 0);
	struct listener_set given;
	assert_int_equal(listener_set_adopt(&given, fds, 1), ERR_SYNTAX); /* not listening yet */
	assert_int_equal(listen(fds[0], 5), 0);
	assert_int_equal(listen(fds[1], 5), 0);
	assert_int_equal(listener_set_adopt(&given, fds, 2), OK);
	assert_string_equal(given.list[0].name, with_port("[::]:@"));
	assert_string_equal(given.list[1].name, unix_address);
	assert_int_equal(given.list[0].spec, -1);
	assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	struct listen_spec specs[] = { want("*", port), want(unix_address, 0) };
	struct listener_set set;
	assert_int_equal(open_set(&set, specs, 2, &given), OK);
	assert_int_equal(set.count, 2); /* the one of [::] serves IPv4, too */
	assert_int_equal(set.list[0].fd, fds[0]);
	assert_int_equal(set.list[1].fd, fds[1]);
	listener_set_close(&given, &set, false);
	listener_set_close(&set, NULL, true);
}

static void failed_adoption_leaves_the_descriptors(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	struct listener_set set;
	assert_int_equal(listener_set_adopt(&set, pair, 2), ERR_SYNTAX);
	assert_int_equal(set.count, 0);
	assert_int_not_equal(fcntl(pair[0], F_GETFD), -1);
	close(pair[0]);
	close(pair[1]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(star_is_two_sockets),
		CASE(port_of_zero_is_told),
		CASE(names_give_all_their_addresses),
		CASE(one_family_is_enough),
		CASE(privileged_port_says_what_it_needs),
		CASE(reload_keeps_opens_and_closes),
		CASE(failure_changes_nothing_and_tells_all),
		CASE(busy_port_names_its_holder),
		CASE(overlap_with_our_own_is_told),
		CASE(unix_socket_has_its_rights),
		CASE(stale_unix_socket_is_replaced),
		CASE(lost_unix_socket_is_opened_anew),
		CASE(adopts_and_takes_over),
		CASE(failed_adoption_leaves_the_descriptors),
	};
	return cmocka_run_group_tests(tests, find_ports, NULL);
}
