/*
 * conn_test.c - a connection with a fake protocol at one end and the test at the other.
 */
#include "fake.h"

#include "base/clock.h"
#include "base/scoreboard.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct net_worker net;
static const struct net_limits no_limits;

static int start(enum fake_mode mode)
{
	fake_reset(mode);
	fake_start(&net, &no_limits);
	return fake_connect(&net);
}

static void stop(int client)
{
	close(client);
	fake_stop(&net);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void opens_and_reads(void **state)
{
	(void)state;
	int client = start(FAKE_READ);
	assert_int_equal(fake.opened, 1);
	assert_int_equal(fake.last_read, ERR_AGAIN);
	assert_int_equal(score_self()->connections, 1);
	say(client, "one ");
	FAKE_UNTIL(net.loop, fake.got_len == 4);
	say(client, "two");
	FAKE_UNTIL(net.loop, fake.got_len == 7);
	assert_memory_equal(fake.got, "one two", 7);
	assert_null(fake.conn->in);
	stop(client);
	assert_int_equal(fake.closed, 1);
	assert_int_equal(score_self()->connections, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_and_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
