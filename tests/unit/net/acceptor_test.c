/*
 * acceptor_test.c - who is let in, who is turned away and how, and how a worker ends.
 */
#include "fake.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* In place of libc's: the errors in front of what the kernel says. */
static const int *accept_errors;

int accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags)
{
	if (accept_errors && *accept_errors) {
		errno = *accept_errors++;
		return -1;
	}
	return (int)syscall(SYS_accept4, fd, addr, len, flags);
}

static struct net_worker net;
static struct listener listener;
static int emptied;

static void on_empty(struct net_worker *n)
{
	assert_ptr_equal(n, &net);
	emptied++;
}

static void start(struct net_limits limits)
{
	fake_reset(FAKE_HOLD);
	fake_start(&net, &limits);
	net.on_empty = on_empty;
	emptied = 0;
	fake_listen(&listener);
	struct acceptor_spec spec = {
		.listener = &listener,
		.protocol = &fake_protocol,
		.transport = &fake_transport,
		.server = &emptied,
		.refuse = { SLICE("busy\n"), SLICE("too many\n") },
	};
	assert_int_equal(net_worker_accept(&net, &spec), OK);
}

static void stop(void)
{
	fake_stop(&net);
	fake_unlisten(&listener);
	assert_int_equal(fake.closed, fake.opened);
	assert_int_equal(score_self()->connections, 0);
}

/* Says something first, as clients do, so that a close without lingering would reset. */
static void expect_refusal(int client, const char *words)
{
	char got[64];
	fake_say(client, "GET / HTTP/1.1\r\n\r\n");
	size_t len = strlen(words);
	assert_int_equal(fake_receive(client, got, len, net.loop), len);
	assert_memory_equal(got, words, len);
	fake_say(client, "and more");
	loop_turn(net.loop, 5);
	assert_int_equal(recv(client, got, sizeof(got), 0), 0);
}

static int connect_one(void)
{
	int opened = fake.opened;
	int client = fake_client(&listener);
	FAKE_UNTIL(net.loop, fake.opened == opened + 1);
	return client;
}

static void hands_over_what_it_was_told(void **state)
{
	(void)state;
	start((struct net_limits){ 0 });
	uint64_t accepted = score_self()->accepted;
	int client = connect_one();
	assert_ptr_equal(fake.conn->listener, &listener);
	assert_ptr_equal(fake.conn->server, &emptied);
	assert_ptr_equal(fake.conn->net, &net);
	assert_int_equal(score_self()->accepted, accepted + 1);
	assert_int_equal(net_active(), 1);
	int fd = fake.conn->watch.fd, on = 0;
	socklen_t len = sizeof(on);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	assert_true(on); /* inherited from the listening socket */
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(client);
	stop();
}

static void alone_takes_all_that_wait(void **state)
{
	(void)state;
	int clients[10];
	start((struct net_limits){ 0 });
	for (int i = 0; i < 10; i++)
		clients[i] = fake_client(&listener);
	loop_turn(net.loop, 100);
	assert_int_equal(fake.opened, 10);
	for (int i = 0; i < 10; i++)
		close(clients[i]);
	stop();
}

static void refuses_over_the_limit(void **state)
{
	(void)state;
	start((struct net_limits){ .connections = 2 });
	uint64_t refused = score_self()->refused;
	int a = connect_one(), b = connect_one(), c = fake_client(&listener);
	expect_refusal(c, "busy\n");
	assert_int_equal(fake.opened, 2);
	assert_int_equal(score_self()->refused, refused + 1);
	assert_int_equal(net.refused_count, 1);
	close(c);
	FAKE_UNTIL(net.loop, net.refused_count == 0);
	close(a);
	conn_close(fake.conn);
	close(connect_one()); /* there is room again */
	close(b);
	stop();
}

static void refused_ones_go_in_time(void **state)
{
	(void)state;
	start((struct net_limits){ .connections = 1 });
	int a = connect_one();
	int b = fake_client(&listener), c = fake_client(&listener);
	FAKE_UNTIL(net.loop, net.refused_count == 2);
	uint64_t begin = clock_mono_ms();
	while (net.refused_count > 0 && clock_mono_ms() < begin + 30000)
		loop_turn(net.loop, 100);
	assert_int_equal(net.refused_count, 0);
	assert_true(clock_mono_ms() - begin >= 800);
	b = (close(b), fake_client(&listener));
	FAKE_UNTIL(net.loop, net.refused_count == 1); /* and the timer works a second time */
	close(a);
	close(b);
	close(c);
	stop();
}

static void refused_ones_are_few(void **state)
{
	(void)state;
	enum { MANY = 140 };
	static int clients[MANY];
	start((struct net_limits){ .connections = 1 });
	int a = connect_one();
	for (int i = 0; i < MANY; i++) {
		clients[i] = fake_client(&listener);
		loop_turn(net.loop, 100);
	}
	assert_int_equal(net.refused_count, 128);
	for (int i = 0; i < MANY; i++)
		close(clients[i]);
	close(a);
	stop();
}

static void culls_the_longest_idle_first(void **state)
{
	(void)state;
	start((struct net_limits){ .connections = 3 });
	int a = connect_one();
	struct conn *first = fake.conn;
	int b = connect_one();
	conn_set_idle(fake.conn, true);
	conn_set_idle(first, true);
	int c = connect_one(), d = connect_one();
	assert_int_equal(fake.culled, 1);
	char byte;
	assert_int_equal(fake_receive(b, &byte, 1, net.loop), 0);
	assert_int_equal(recv(a, &byte, 1, MSG_DONTWAIT), -1);
	fake.cull_answer = 0; /* an engine that has something in hand after all */
	int e = fake_client(&listener);
	expect_refusal(e, "busy\n");
	assert_int_equal(fake.culled, 2);
	close(a), close(b), close(c), close(d), close(e);
	stop();
}

static void counts_by_address(void **state)
{
	(void)state;
	start((struct net_limits){ .connections = 100, .per_address = 2 });
	int a = connect_one(), b = connect_one(), c = fake_client(&listener);
	expect_refusal(c, "too many\n");
	conn_close(fake.conn);
	close(connect_one()); /* given back at once */
	close(a), close(b), close(c);
	stop();
}

/* Every descriptor but `spare` is used up, until give_back. */
static int hoard[4096];
static int hoarded;

static void use_up(int spare)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	int highest = dup(0);
	close(highest);
	limit.rlim_cur = (rlim_t)highest + 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (hoarded = 0; hoarded < 4096; hoarded++)
		if ((hoard[hoarded] = dup(0)) < 0)
			break;
	assert_int_equal(errno, EMFILE);
	while (spare-- > 0)
		close(hoard[--hoarded]);
}

static void give_back(void)
{
	while (hoarded > 0)
		close(hoard[--hoarded]);
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void without_descriptors_refuses_and_rests(void **state)
{
	(void)state;
	start((struct net_limits){ 0 });
	int a = fake_client(&listener), b = fake_client(&listener);
	fake_say(a, "GET /");
	use_up(0);
	loop_turn(net.loop, 100);
	char got[16];
	assert_int_equal(recv(a, got, sizeof(got), 0), 5);
	assert_memory_equal(got, "busy\n", 5);
	assert_int_equal(recv(a, got, sizeof(got), 0), 0);
	assert_int_equal(recv(b, got, sizeof(got), 0), 5);
	assert_int_equal(fake.opened, 0);
	assert_true(net.resting);
	assert_true(net.reserve_fd >= 0); /* there again */
	give_back();
	uint64_t begin = loop_now_ms(net.loop);
	assert_int_equal(net.rest.due_ms, begin + 100);
	close(connect_one());
	assert_false(net.resting);
	assert_true(loop_now_ms(net.loop) - begin >= 80);
	close(a), close(b);
	stop();
}

static void without_descriptors_culls_first(void **state)
{
	(void)state;
	start((struct net_limits){ 0 });
	int a = connect_one();
	conn_set_idle(fake.conn, true);
	int b = fake_client(&listener);
	use_up(0);
	FAKE_UNTIL(net.loop, fake.opened == 2);
	assert_int_equal(fake.culled, 1);
	assert_false(net.resting);
	give_back();
	close(a), close(b);
	stop();
}

static void newcomers_that_broke_are_passed_over(void **state)
{
	(void)state;
	static const int errors[] = { ECONNABORTED, EINTR, EPROTO, ETIMEDOUT, EPERM, 0 };
	start((struct net_limits){ 0 });
	accept_errors = errors;
	int a = fake_client(&listener);
	loop_turn(net.loop, 100);
	assert_int_equal(fake.opened, 1);
	assert_false(net.resting);
	close(a);
	stop();
}

static void rests_when_the_kernel_is_out_of_memory(void **state)
{
	(void)state;
	static const int errors[] = { ENOMEM, ENOBUFS, 0 };
	start((struct net_limits){ 0 });
	accept_errors = errors;
	uint64_t begin = clock_mono_ms();
	int a = fake_client(&listener);
	loop_turn(net.loop, 100);
	assert_true(net.resting);
	FAKE_UNTIL(net.loop, fake.opened == 1);
	assert_true(clock_mono_ms() - begin >= 180); /* it rested twice */
	close(a);
	stop();
}

static void drains(void **state)
{
	(void)state;
	start((struct net_limits){ 0 });
	int a = connect_one(), waiting = fake_client(&listener);
	fake.close_on_drain = false;
	net_worker_drain(&net, true);
	assert_int_equal(fake.opened, 2); /* the one in the backlog, too */
	assert_int_equal(fake.drained, 2);
	assert_int_equal(emptied, 0);
	int late = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(late, &listener.addr.any, sizeof(listener.addr.v4)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	net_worker_drain(&net, true);
	assert_int_equal(fake.drained, 2);
	net_worker_cut(&net);
	assert_int_equal(emptied, 0);
	loop_turn(net.loop, 0);
	assert_int_equal(emptied, 1);
	close(a), close(waiting), close(late);
	stop();
}

static void drains_at_once_without_connections(void **state)
{
	(void)state;
	start((struct net_limits){ 0 });
	net_worker_drain(&net, false);
	assert_int_equal(emptied, 1);
	stop();
}

/* A socket that goes on in another process keeps its backlog. */
static void leaves_the_backlog_to_successors(void **state)
{
	(void)state;
	start((struct net_limits){ 0 });
	int successor = dup(listener.fd);
	int waiting = fake_client(&listener);
	net_worker_drain(&net, false);
	assert_int_equal(fake.opened, 0);
	int fd = accept(successor, NULL, NULL);
	assert_true(fd >= 0);
	close(fd), close(waiting), close(successor);
	stop();
}

static void unix_peers_are_not_counted(void **state)
{
	(void)state;
	char dir[] = "/tmp/acceptor_test.XXXXXX", address[64];
	assert_non_null(mkdtemp(dir));
	snprintf(address, sizeof(address), "unix:%s/s", dir);
	fake_reset(FAKE_HOLD);
	fake_start(&net, &(struct net_limits){ .connections = 10, .per_address = 1 });
	struct listen_spec wanted = {
		.address = address, .mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1
	};
	struct listener_set set;
	assert_int_equal(listener_set_open(&set, &wanted, 1, NULL, NULL), OK);
	struct acceptor_spec spec = {
		.listener = &set.list[0], .protocol = &fake_protocol, .transport = &fake_transport
	};
	assert_int_equal(net_worker_accept(&net, &spec), OK);
	int clients[3];
	for (int i = 0; i < 3; i++) {
		struct sockaddr_un un = { .sun_family = AF_UNIX };
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", address + 5);
		clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(clients[i], (struct sockaddr *)&un, sizeof(un)), 0);
	}
	FAKE_UNTIL(net.loop, fake.opened == 3);
	assert_int_equal(fake.conn->peer.any.sa_family, AF_UNIX);
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	set.list[0].fd = dup(0); /* the acceptor closes the socket */
	fake_stop(&net);
	listener_set_close(&set, NULL, true);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_over_what_it_was_told),
		cmocka_unit_test(alone_takes_all_that_wait),
		cmocka_unit_test(refuses_over_the_limit),
		cmocka_unit_test(refused_ones_go_in_time),
		cmocka_unit_test(refused_ones_are_few),
		cmocka_unit_test(culls_the_longest_idle_first),
		cmocka_unit_test(counts_by_address),
		cmocka_unit_test(without_descriptors_refuses_and_rests),
		cmocka_unit_test(without_descriptors_culls_first),
		cmocka_unit_test(newcomers_that_broke_are_passed_over),
		cmocka_unit_test(rests_when_the_kernel_is_out_of_memory),
		cmocka_unit_test(drains),
		cmocka_unit_test(drains_at_once_without_connections),
		cmocka_unit_test(leaves_the_backlog_to_successors),
		cmocka_unit_test(unix_peers_are_not_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
