/* control_test.c - commands, verdicts, and clients that misbehave. */
#include "process/control.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct control control;
static char path[96];
static size_t status_bytes;

static void on_status(void *ctx, struct buf *out)
{
	assert_ptr_equal(ctx, &control);
	for (size_t i = 0; i < status_bytes; i++)
		assert_int_equal(buf_byte(out, 's'), OK);
}

static void serve(uint64_t now_ms)
{
	control_serve(&control, now_ms, on_status, &control);
}

static int setup(void **state)
{
	(void)state;
	pid_t holder;
	snprintf(path, sizeof(path), "/tmp/httpd-control.%d.sock", (int)getpid());
	unlink(path);
	status_bytes = 2;
	control_init(&control);
	return control_open(&control, path, false, &holder);
}

static int teardown(void **state)
{
	(void)state;
	control_close(&control);
	control_fini(&control);
	for (int order = 0; order < ORDERS; order++)
		order_take((enum order)order);
	return access(path, F_OK) == 0;
}

static int ask(const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (text[0])
		assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	return fd;
}

/* What is there now; "EOF" at the end, "" when nothing is. */
static const char *answer(int fd)
{
	static char text[1024];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	if (n < 0)
		return errno == EAGAIN ? "" : "EOF";
	text[n] = '\0';
	return n == 0 ? "EOF" : text;
}

static void test_the_file(void **state)
{
	(void)state;
	struct stat st;
	struct control second;
	pid_t holder;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	control_init(&second);
	assert_int_equal(control_open(&second, path, false, &holder), ERR_DENIED);
	assert_int_equal(holder, getpid());
	/* A successor takes the name while the predecessor still listens. */
	assert_int_equal(control_open(&second, path, true, &holder), OK);
	control_close(&control);
	assert_int_equal(access(path, F_OK), 0);
	int fd = ask("status\n");
	control_serve(&second, 0, on_status, &control);
	assert_string_equal(answer(fd), "ss\nverdict 0\n");
	close(fd);
	control_close(&second);
	control_fini(&second);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_a_dead_file_is_replaced(void **state)
{
	(void)state;
	pid_t holder;
	close(control.fd); /* as a crash does */
	mem_free(control.path);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(control_open(&control, path, false, &holder), OK);
	assert_int_equal(control_open(&control, "/nonexistent/c.sock", false, &holder), ERR_IO);
}

static void test_commands_become_orders(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum order order;
	} cases[] = {
		{ "reload\n", ORDER_RELOAD },
		{ "stop\n", ORDER_STOP },
		{ "quit\n", ORDER_QUIT },
		{ "reopen\n", ORDER_REOPEN },
		{ "upgrade\n", ORDER_UPGRADE },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = ask(cases[i].text);
		assert_false(order_pending(cases[i].order));
		serve(0);
		assert_true(order_take(cases[i].order));
		assert_string_equal(answer(fd), "");
		control_begin(&control, cases[i].order);
		control_verdict(&control, cases[i].order, i % 2 == 0, "line\nlast");
		serve(0);
		assert_string_equal(
		    answer(fd), i % 2 == 0 ? "line\nlast\nverdict 0\n" : "line\nlast\nverdict 1\n");
		assert_string_equal(answer(fd), "EOF");
		close(fd);
	}
}

static void test_who_asks_later_waits_for_the_next(void **state)
{
	(void)state;
	int first = ask("reload\n");
	serve(0);
	control_begin(&control, ORDER_RELOAD);
	int second = ask("reload\n"), other = ask("reopen\n");
	serve(0);
	control_verdict(&control, ORDER_RELOAD, true, "one");
	serve(0);
	assert_string_equal(answer(first), "one\nverdict 0\n");
	assert_string_equal(answer(second), "");
	assert_string_equal(answer(other), "");
	control_begin(&control, ORDER_RELOAD);
	control_verdict(&control, ORDER_RELOAD, false, "two");
	serve(0);
	assert_string_equal(answer(second), "two\nverdict 1\n");
	close(first);
	close(second);
	close(other);
}

static void test_nonsense(void **state)
{
	(void)state;
	char line[256];
	int fd = ask("nonsense\n");
	serve(0);
	assert_non_null(strstr(answer(fd), "verdict 1\n"));
	close(fd);
	memset(line, 'r', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	fd = ask(line);
	serve(0); /* accepted and read in one go */
	serve(0);
	assert_string_equal(answer(fd), "EOF");
	close(fd);
	for (int order = 0; order < ORDERS; order++)
		assert_false(order_pending((enum order)order));
}

static void test_a_command_in_pieces(void **state)
{
	(void)state;
	int fd = ask("");
	static const char text[] = "status\n";
	for (size_t i = 0; text[i]; i++) {
		serve(0);
		assert_string_equal(answer(fd), "");
		assert_int_equal(send(fd, &text[i], 1, 0), 1);
	}
	serve(0);
	assert_string_equal(answer(fd), "ss\nverdict 0\n");
	close(fd);
}

static void test_silence_has_an_end(void **state)
{
	(void)state;
	int fd = ask("rel");
	serve(1000);
	uint64_t next = control_next_ms(&control);
	assert_true(next > 1000 && next <= 11000);
	serve(next - 1);
	assert_string_equal(answer(fd), "");
	serve(next);
	assert_string_equal(answer(fd), "EOF");
	assert_true(control_next_ms(&control) == UINT64_MAX);
	close(fd);
}

static void test_one_that_does_not_read(void **state)
{
	(void)state;
	status_bytes = 250000;
	int slow = ask("status\n"), quick;
	uint64_t now = clock_mono_ms();
	serve(now);
	status_bytes = 2;
	quick = ask("status\n");
	serve(now);
	assert_string_equal(answer(quick), "ss\nverdict 0\n");
	struct pollfd fds[CONTROL_POLLFDS];
	assert_int_equal(control_pollfds(&control, fds), 2);
	assert_true(fds[0].events & POLLOUT);
	/* Reading at last gets it all. */
	size_t got = 0;
	for (const char *text; strcmp(text = answer(slow), "EOF") != 0; got += strlen(text))
		serve(now);
	assert_int_equal(got, 250000 + strlen("\nverdict 0\n"));
	close(slow);
	close(quick);
}

static void test_more_clients_than_places(void **state)
{
	(void)state;
	int fds[CONTROL_CLIENTS + 4];
	struct pollfd polled[CONTROL_POLLFDS];
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		fds[i] = ask("");
	serve(0);
	assert_int_equal(control_pollfds(&control, polled), CONTROL_CLIENTS); /* not the door */
	int late = ask("status\n");
	serve(0);
	assert_string_equal(answer(late), "");
	close(fds[3]);
	serve(0); /* the place becomes free */
	serve(0);
	assert_string_equal(answer(late), "ss\nverdict 0\n");
	close(late);
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (i != 3)
			close(fds[i]);
}

static void test_who_hangs_up_is_forgotten(void **state)
{
	(void)state;
	int fd = ask("reload\n");
	close(fd);
	serve(0);
	serve(0);
	assert_true(order_take(ORDER_RELOAD)); /* but the command holds */
	assert_true(control_next_ms(&control) == UINT64_MAX);
	control_begin(&control, ORDER_RELOAD);
	control_verdict(&control, ORDER_RELOAD, true, "done");
	serve(0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_the_file),
		TEST(test_a_dead_file_is_replaced),
		TEST(test_commands_become_orders),
		TEST(test_who_asks_later_waits_for_the_next),
		TEST(test_nonsense),
		TEST(test_a_command_in_pieces),
		TEST(test_silence_has_an_end),
		TEST(test_one_that_does_not_read),
		TEST(test_more_clients_than_places),
		TEST(test_who_hangs_up_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
