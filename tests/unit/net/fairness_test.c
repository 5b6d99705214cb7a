/*
 * fairness_test.c - four workers on one listening socket share the connections.
 */
#include "fake.h"

#include "base/clock.h"
#include "base/scoreboard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, CLIENTS = 64 };

static struct scoreboard *board;
static struct listener listener;
static int slots[WORKERS];
static pid_t pids[WORKERS];

static _Noreturn void work(int slot)
{
	static const struct net_limits no_limits;
	struct net_worker net;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	scoreboard_use(board, slot);
	fake_reset(FAKE_CLOSE);
	struct loop *loop = loop_new();
	net_worker_init(&net, loop, &no_limits);
	struct acceptor_spec spec = {
		.listener = &listener,
		.protocol = &fake_protocol,
		.transport = &transport_plain,
	};
	if (net_worker_accept(&net, &spec) < 0)
		_exit(1);
	score_self()->state = SCORE_READY;
	loop_run(loop);
	_exit(0);
}

static unsigned ready(void)
{
	scoreboard_use(board, -1);
	return score_workers_ready();
}

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(scoreboard_new(&board), OK);
	fake_listen(&listener);
	for (int i = 0; i < WORKERS; i++) {
		slots[i] = score_take_slot(board);
		pids[i] = fork();
		if (pids[i] == 0)
			work(slots[i]);
	}
	uint64_t begin = clock_mono_ms();
	while (ready() < WORKERS && clock_mono_ms() < begin + 5000)
		usleep(1000);
	assert_int_equal(ready(), WORKERS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < WORKERS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		score_clear_slot(board, slots[i]);
	}
	close(listener.fd);
	fake_unlisten(&listener);
	close(scoreboard_fd(board));
	free(board);
	scoreboard_use(NULL, -1);
	return 0;
}

static void wait_for(unsigned connections)
{
	uint64_t begin = clock_mono_ms();
	while (score_connections() != connections && clock_mono_ms() < begin + 5000)
		usleep(100);
	assert_int_equal(score_connections(), connections);
}

/* Whether each has between half and double of the mean. */
static bool is_even(const char *what)
{
	unsigned mean = CLIENTS / WORKERS;
	bool even = true;
	print_message("%s: %d connections over %d workers:", what, CLIENTS, WORKERS);
	for (int i = 0; i < WORKERS; i++) {
		unsigned n = score_at(slots[i])->connections;
		print_message(" %u", n);
		even = even && n >= mean / 2 && n <= mean * 2;
	}
	print_message("\n");
	return even;
}

static void hang_up(const int *clients)
{
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	wait_for(0);
}

static void one_after_the_other(void **state)
{
	(void)state;
	int clients[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = fake_client(&listener);
		wait_for(i + 1);
	}
	assert_true(is_even("one after the other"));
	hang_up(clients);
}

static bool burst_is_even(void)
{
	int clients[CLIENTS];
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	for (int i = 0; i < CLIENTS; i++)
		if (connect(clients[i], &listener.addr.any, sizeof(listener.addr.v4)) < 0)
			assert_int_equal(errno, EINPROGRESS);
	wait_for(CLIENTS);
	bool even = is_even("all at once");
	hang_up(clients);
	return even;
}

/* All of it takes less than a time slice: a worker who gets no processor meanwhile can not take
 * part. So one even round of several is asked for; a worker that takes all it can get never has
 * one. */
static void all_at_once(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++)
		if (burst_is_even())
			return;
	fail_msg("no round was even");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_after_the_other),
		CASE(all_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
