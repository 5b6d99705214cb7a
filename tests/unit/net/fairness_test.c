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

enum {
	WORKERS = 4,
	CLIENTS = 64,
	FEW = 40, /* less than four workers take in one go if they look at nobody else */
};

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
static bool is_even(const char *what, unsigned clients)
{
	unsigned mean = clients / WORKERS;
	bool even = true;
	print_message("%s: %u connections over %d workers:", what, clients, WORKERS);
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

static bool round_is_even(void)
{
	int clients[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = fake_client(&listener);
		wait_for(i + 1);
	}
	bool even = is_even("one after the other", CLIENTS);
	hang_up(clients);
	return even;
}

/* A round takes a few milliseconds, in which a busy machine may not run one of the workers at all:
 * so one even round of several is asked for. A worker that looks at nobody else never has one. */
static void one_after_the_other(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++)
		if (round_is_even())
			return;
	fail_msg("no round was even");
}

static void burst(int *clients, int count)
{
	for (int i = 0; i < count; i++)
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	for (int i = 0; i < count; i++)
		if (connect(clients[i], &listener.addr.any, sizeof(listener.addr.v4)) < 0)
			assert_int_equal(errno, EINPROGRESS);
}

/* All of it takes less than a time slice: who takes part is the scheduler's choice as well, so the
 * spread is shown, and what the workers do about it is the next test's. */
static void all_at_once(void **state)
{
	(void)state;
	int clients[CLIENTS];
	burst(clients, CLIENTS);
	wait_for(CLIENTS);
	(void)is_even("all at once", CLIENTS);
	hang_up(clients);
}

static void start_in_process(struct net_worker *net, struct listener *own, int slot)
{
	static const struct net_limits no_limits;
	struct acceptor_spec spec = {
		.listener = own,
		.protocol = &fake_protocol,
		.transport = &transport_plain,
	};
	*own = listener;
	own->fd = dup(listener.fd); /* the acceptor closes it */
	scoreboard_use(board, slot);
	net_worker_init(net, loop_new(), &no_limits);
	assert_int_equal(net_worker_accept(net, &spec), OK);
	score_self()->state = SCORE_READY;
}

static void take_turns(struct net_worker *net)
{
	for (int i = 0; i < WORKERS; i++) {
		scoreboard_use(board, slots[i]);
		loop_turn(net[i].loop, 0);
	}
}

/* Workers in one process, whose turns are as fair as a scheduler's can be: nobody takes more than a
 * share of what waits for all. */
static void in_turns(void **state)
{
	(void)state;
	struct net_worker net[WORKERS];
	struct listener own[WORKERS];
	int clients[FEW];
	assert_int_equal(scoreboard_new(&board), OK);
	fake_listen(&listener);
	fake_reset(FAKE_CLOSE);
	for (int i = 0; i < WORKERS; i++) {
		slots[i] = score_take_slot(board);
		start_in_process(&net[i], &own[i], slots[i]);
	}
	burst(clients, FEW);
	for (int turn = 0; turn < FEW && score_connections() < FEW; turn++)
		take_turns(net);
	assert_true(is_even("in turns", FEW));
	for (int i = 0; i < FEW; i++)
		close(clients[i]);
	for (int turn = 0; turn < FEW && score_connections() > 0; turn++)
		take_turns(net);
	assert_int_equal(score_connections(), 0);
	for (int i = 0; i < WORKERS; i++) {
		scoreboard_use(board, slots[i]);
		fake_stop(&net[i]);
	}
	close(listener.fd);
	fake_unlisten(&listener);
	scoreboard_free(&board);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_after_the_other),
		CASE(all_at_once),
		cmocka_unit_test(in_turns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
