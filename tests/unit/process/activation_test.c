/* activation_test.c - which sockets of a service manager are for us. */
#include "process/activation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_count(void **state)
{
	(void)state;
	static const struct {
		const char *pid, *fds;
		size_t count;
	} cases[] = {
		{ "100", "2", 2 }, { "100", "0", 0 }, { "100", "1024", 1024 }, { "100", "1025", 0 },
		{ "101", "2", 0 }, { NULL, "2", 0 }, { "100", NULL, 0 }, { "100", "-1", 0 },
		{ "100", "2x", 0 }, { "100", "", 0 }, { "", "2", 0 },
		{ "4294967396", "2", 0 }, /* 100 over 32 bits */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(activation_count(cases[i].pid, cases[i].fds, 100), cases[i].count);
}

/* In a process of its own: descriptors 3 to 5 belong to the test's harness here. */
static int child(size_t room)
{
	char pid[16];
	int fds[8];
	for (int fd = 3; fd <= 5; fd++)
		dup2(STDIN_FILENO, fd);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES", "a:b:c", 1);
	if (activation_take(fds, room) != room)
		return 1;
	for (size_t i = 0; i < 3; i++) {
		int flags = fcntl(3 + (int)i, F_GETFD);
		if (i < room ? fds[i] != 3 + (int)i || flags != FD_CLOEXEC : flags != -1)
			return 2;
	}
	if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
		return 3;
	return activation_take(fds, 8) == 0 ? 0 : 4;
}

static void test_take(void **state)
{
	(void)state;
	for (size_t room = 2; room <= 3; room++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			_exit(child(room));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_take),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
