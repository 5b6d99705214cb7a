/*
 * linger_test.c - the last words of a connection reach a peer that is still talking.
 */
#include "fake.h"

#include "base/clock.h"

#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct net_worker net;
static struct listener listener;
static int client;

/* Over TCP: unix sockets know no reset that eats an answer. */
static void start(enum fake_mode mode)
{
	static const struct net_limits no_limits;
	fake_reset(mode);
	fake_start(&net, &no_limits);
	fake_listen(&listener);
	struct acceptor_spec spec = {
		.listener = &listener,
		.protocol = &fake_protocol,
		.transport = &fake_transport,
	};
	assert_int_equal(net_worker_accept(&net, &spec), OK);
	client = fake_client(&listener);
	FAKE_UNTIL(net.loop, fake.opened == 1);
}

static void stop(void)
{
	close(client);
	fake_stop(&net);
	fake_unlisten(&listener);
	assert_int_equal(fake.closed, fake.opened);
	assert_int_equal(net.lingering_count, 0);
}

static void expect_answer_and_end(void)
{
	char got[16];
	assert_int_equal(fake_receive(client, got, 4, net.loop), 4);
	assert_memory_equal(got, "bye\n", 4);
	struct pollfd p = { .fd = client, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 2000), 1);
	assert_int_equal(recv(client, got, sizeof(got), 0), 0);
}

static void answer_survives_an_upload(void **state)
{
	(void)state;
	static char block[100000];
	start(FAKE_LINGER);
	fake.cut = 1; /* the engine reads a byte at a time and answers after the first */
	fake_say(client, "x");
	FAKE_UNTIL(net.loop, net.lingering_count == 1);
	for (int i = 0; i < 10; i++) {
		fake.cut = 0;
		assert_true(send(client, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT) > 0);
		loop_turn(net.loop, 1);
	}
	assert_int_equal(fake.closed, 0);
	expect_answer_and_end();
	shutdown(client, SHUT_WR);
	FAKE_UNTIL(net.loop, fake.closed == 1);
	stop();
}

static void ends_with_the_peer(void **state)
{
	(void)state;
	start(FAKE_LINGER);
	fake_say(client, "x");
	expect_answer_and_end();
	assert_int_equal(fake.shutdowns, 1);
	assert_int_equal(fake.closed, 0);
	close(client);
	FAKE_UNTIL(net.loop, fake.closed == 1);
	client = -1;
	stop();
}

static void ends_at_once_when_the_peer_has(void **state)
{
	(void)state;
	start(FAKE_HOLD);
	fake_say(client, "x");
	shutdown(client, SHUT_WR);
	fake.mode = FAKE_LINGER;
	FAKE_UNTIL(net.loop, fake.closed == 1);
	assert_int_equal(fake.shutdowns, 0);
	expect_answer_and_end();
	stop();
}

static void ends_after_its_time(void **state)
{
	(void)state;
	start(FAKE_LINGER);
	uint64_t begin = clock_mono_ms();
	fake_say(client, "x");
	FAKE_UNTIL(net.loop, net.lingering_count == 1);
	conn_set_deadline(fake.conn, 1); /* an engine that sets one afterwards changes nothing */
	while (fake.closed == 0 && clock_mono_ms() < begin + 30000) {
		fake_say(client, "y"); /* talking does not prolong it */
		loop_turn(net.loop, 50);
	}
	uint64_t took = clock_mono_ms() - begin;
	assert_int_equal(fake.closed, 1);
	assert_int_equal(fake.expired, 0);
	assert_true(took >= NET_LINGER_MS);
	stop();
}

static void ends_after_its_bytes(void **state)
{
	(void)state;
	static char block[1 << 16];
	start(FAKE_LINGER);
	fake_say(client, "x");
	FAKE_UNTIL(net.loop, net.lingering_count == 1);
	size_t sent = 0;
	while (fake.closed == 0 && sent < 4 * (size_t)NET_LINGER_BYTES) {
		ssize_t n = send(client, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			sent += (size_t)n;
		loop_turn(net.loop, 0);
	}
	assert_int_equal(fake.closed, 1);
	assert_true(sent > NET_LINGER_BYTES);
	stop();
}

/* More than the socket takes, to a reader who starts late. */
static void sends_what_is_left_first(void **state)
{
	(void)state;
	enum { LEFT = 8 << 20 };
	static char block[1 << 20];
	start(FAKE_HOLD);
	for (int i = 0; i < LEFT / (int)sizeof(block); i++)
		outq_borrow(&fake.conn->out, slice_of(block, sizeof(block)), NULL);
	conn_linger(fake.conn);
	assert_int_equal(fake.shutdowns, 0);
	size_t got = 0, n;
	while ((n = fake_receive(client, block, sizeof(block), net.loop)) > 0)
		got += n;
	assert_int_equal(got, LEFT);
	assert_int_equal(fake.writable, 0); /* the engine is out of it */
	close(client);
	client = -1;
	FAKE_UNTIL(net.loop, fake.closed == 1);
	stop();
}

static void gives_up_on_a_peer_that_takes_nothing(void **state)
{
	(void)state;
	static char block[8 << 20];
	start(FAKE_HOLD);
	outq_borrow(&fake.conn->out, slice_of(block, sizeof(block)), NULL);
	uint64_t begin = clock_mono_ms();
	conn_linger(fake.conn);
	while (fake.closed == 0 && clock_mono_ms() < begin + 30000)
		loop_turn(net.loop, 100);
	assert_int_equal(fake.closed, 1);
	assert_true(clock_mono_ms() - begin >= NET_LINGER_MS);
	stop();
}

static void first_gives_way_when_there_are_too_many(void **state)
{
	(void)state;
	enum { MAX = 512 };
	static int ends[MAX + 1];
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	start(FAKE_HOLD);
	conn_linger(fake.conn);
	for (int i = 0; i <= MAX; i++) {
		ends[i] = fake_connect(&net, "");
		conn_linger(fake.conn);
	}
	assert_int_equal(net.lingering_count, MAX);
	loop_turn(net.loop, 0);
	assert_int_equal(fake.closed, 2);
	for (int i = 0; i <= MAX; i++)
		close(ends[i]);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_survives_an_upload),
		cmocka_unit_test(ends_with_the_peer),
		cmocka_unit_test(ends_at_once_when_the_peer_has),
		cmocka_unit_test(ends_after_its_time),
		cmocka_unit_test(ends_after_its_bytes),
		cmocka_unit_test(sends_what_is_left_first),
		cmocka_unit_test(gives_up_on_a_peer_that_takes_nothing),
		cmocka_unit_test(first_gives_way_when_there_are_too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
