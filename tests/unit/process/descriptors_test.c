/* descriptors_test.c - only what is named stays open. */
#include "process/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	int keep[6];
	size_t count;
} cases[] = {
	{ { 0 }, 0 }, { { 3 }, 1 }, { { 40, 5, 17 }, 3 }, { { -1, 9, -1 }, 3 },
	{ { 2, 1, 7, 7, 8 }, 5 }, { { 60, 3, 61, 4, 62 }, 5 },
	{ { 500 }, 1 }, /* was not open: nothing happens */
};

static bool kept(size_t i, int fd)
{
	for (size_t k = 0; k < cases[i].count; k++)
		if (cases[i].keep[k] == fd)
			return true;
	return fd <= STDERR_FILENO;
}

static int child(size_t i)
{
	int fds[6];
	for (int fd = 3; fd < 64; fd++)
		dup2(STDIN_FILENO, fd);
	memcpy(fds, cases[i].keep, sizeof(fds));
	descriptors_keep(fds, cases[i].count);
	for (int fd = 0; fd < 64; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) != kept(i, fd))
			return fd + 1;
	return 0;
}

static void test_keep(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			_exit(child(i));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status != 0)
			fail_msg("case %zu: descriptor %d", i, WEXITSTATUS(status) - 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_keep) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
