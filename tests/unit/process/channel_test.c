/* channel_test.c - messages between master and worker, with descriptors and with nonsense. */
#include "process/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct ends {
	int a, b;
};

static int setup(void **state)
{
	static struct ends ends;
	int fds[2];
	if (channel_pair(fds) < 0)
		return -1;
	ends = (struct ends){ fds[0], fds[1] };
	*state = &ends;
	return 0;
}

static int teardown(void **state)
{
	struct ends *e = *state;
	close(e->a);
	if (e->b >= 0)
		close(e->b);
	return 0;
}

static void test_messages_keep_their_borders(void **state)
{
	struct ends *e = *state;
	for (uint32_t i = 0; i < 5; i++) {
		struct channel_message m = { .type = CHANNEL_DRAIN, .value = i, .fd = -1 };
		assert_int_equal(channel_send(e->a, &m), OK);
	}
	struct channel_message got;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(channel_receive(e->b, &got), OK);
		assert_int_equal(got.type, CHANNEL_DRAIN);
		assert_int_equal(got.value, i);
		assert_int_equal(got.fd, -1);
	}
	assert_int_equal(channel_receive(e->b, &got), ERR_AGAIN);
}

static void test_a_descriptor_goes_along(void **state)
{
	struct ends *e = *state;
	struct channel_message got;
	int pipe_fds[2];
	assert_int_equal(pipe(pipe_fds), 0);
	struct channel_message m = { .type = CHANNEL_REOPENED, .value = 3, .fd = pipe_fds[1] };
	assert_int_equal(channel_send(e->a, &m), OK);
	close(pipe_fds[1]);
	assert_int_equal(channel_receive(e->b, &got), OK);
	assert_int_equal(got.value, 3);
	assert_true(got.fd >= 0);
	assert_int_equal(fcntl(got.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(got.fd, "x", 1), 1);
	char byte;
	assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(got.fd);
	close(pipe_fds[0]);
}

static void test_end_of_file_is_told(void **state)
{
	struct ends *e = *state;
	struct channel_message m = { .type = CHANNEL_CUT, .fd = -1 }, got;
	assert_int_equal(channel_send(e->b, &m), OK);
	close(e->b);
	e->b = -1;
	assert_int_equal(channel_receive(e->a, &got), OK); /* what was sent before still comes */
	assert_int_equal(channel_receive(e->a, &got), ERR_CLOSED);
	assert_int_equal(channel_send(e->a, &m), ERR_CLOSED);
}

static void test_one_that_does_not_read(void **state)
{
	struct ends *e = *state;
	struct channel_message m = { .type = CHANNEL_CUT, .fd = -1 };
	int result = OK;
	for (int i = 0; i < 100000 && result == OK; i++)
		result = channel_send(e->a, &m);
	assert_int_equal(result, ERR_AGAIN);
}

static void test_nonsense_is_dropped(void **state)
{
	struct ends *e = *state;
	static const struct {
		uint32_t words[3];
		size_t len;
	} cases[] = {
		{ { 0, 0, 0 }, 8 },
		{ { CHANNEL_TYPES, 0, 0 }, 8 },
		{ { UINT32_MAX, 0, 0 }, 8 },
		{ { CHANNEL_READY, 0, 0 }, 4 },
		{ { CHANNEL_READY, 0, 0 }, 12 },
		{ { CHANNEL_READY, 0, 0 }, 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_message got;
		assert_int_equal(
		    send(e->a, cases[i].words, cases[i].len, 0), (ssize_t)cases[i].len);
		assert_int_equal(channel_receive(e->b, &got), ERR_SYNTAX);
		assert_int_equal(channel_receive(e->b, &got), ERR_AGAIN);
	}
}

static int open_count(void)
{
	int count = 0;
	struct stat st;
	for (int fd = 0; fd < 256; fd++)
		count += fstat(fd, &st) == 0;
	return count;
}

static void test_nonsense_leaks_no_descriptor(void **state)
{
	struct ends *e = *state;
	struct channel_message got, m = { .type = CHANNEL_TYPES, .fd = STDERR_FILENO };
	int before = open_count();
	assert_int_equal(channel_send(e->a, &m), OK);
	assert_int_equal(channel_receive(e->b, &got), ERR_SYNTAX);
	assert_int_equal(open_count(), before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_messages_keep_their_borders),
		TEST(test_a_descriptor_goes_along),
		TEST(test_end_of_file_is_told),
		TEST(test_one_that_does_not_read),
		TEST(test_nonsense_is_dropped),
		TEST(test_nonsense_leaks_no_descriptor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
