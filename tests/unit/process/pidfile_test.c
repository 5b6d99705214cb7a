/* pidfile_test.c - one master a file, and what a crash leaves behind. */
#include "process/pidfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];
static char path[96];

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/httpd-pidfile.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/run.pid", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static long content(void)
{
	char text[64] = "";
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_int_equal(text[strlen(text) - 1], '\n');
	return strtol(text, NULL, 10);
}

static void test_holds_the_pid_and_goes(void **state)
{
	(void)state;
	struct pidfile p;
	pid_t holder = -1;
	pidfile_init(&p);
	assert_int_equal(pidfile_open(&p, path, &holder), OK);
	assert_int_equal(content(), getpid());
	assert_int_equal(fcntl(p.fd, F_GETFD), FD_CLOEXEC);
	pidfile_close(&p);
	assert_int_equal(access(path, F_OK), -1);
	pidfile_close(&p); /* once more does no harm */
}

static void test_the_second_is_told_who(void **state)
{
	(void)state;
	struct pidfile first, second;
	pid_t holder = 0;
	pidfile_init(&first);
	pidfile_init(&second);
	assert_int_equal(pidfile_open(&first, path, &holder), OK);
	assert_int_equal(pidfile_open(&second, path, &holder), ERR_DENIED);
	assert_int_equal(holder, getpid());
	assert_int_equal(content(), getpid());
	/* A successor: the file stays, the lock is free. */
	pidfile_release(&first);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(pidfile_open(&second, path, &holder), OK);
	pidfile_close(&first);
	assert_int_equal(access(path, F_OK), 0);
	pidfile_close(&second);
	assert_int_equal(access(path, F_OK), -1);
	/* One who comes with another file leaves this one to its owner. */
	assert_int_equal(pidfile_open(&first, path, &holder), OK);
	pidfile_release(&first);
	pidfile_close(&first);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_a_stale_file_is_overwritten(void **state)
{
	(void)state;
	static const char *const stale[] = { "99999999\n", "", "rubbish", "1\n2\n3 and so on" };
	for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
		FILE *f = fopen(path, "w");
		fputs(stale[i], f);
		fclose(f);
		struct pidfile p;
		pid_t holder;
		pidfile_init(&p);
		assert_int_equal(pidfile_open(&p, path, &holder), OK);
		assert_int_equal(content(), getpid());
		pidfile_close(&p);
	}
}

static void test_a_dead_holder_holds_nothing(void **state)
{
	(void)state;
	struct pidfile p;
	pid_t holder;
	pidfile_init(&p);
	pid_t child = fork();
	if (child == 0)
		_exit(pidfile_open(&p, path, &holder) == OK ? 0 : 1);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(content(), child);
	assert_int_equal(pidfile_open(&p, path, &holder), OK);
	assert_int_equal(content(), getpid());
	pidfile_close(&p);
}

static void test_what_can_not_be(void **state)
{
	(void)state;
	struct pidfile p;
	pid_t holder;
	pidfile_init(&p);
	assert_int_equal(pidfile_open(&p, "/nonexistent/dir/x.pid", &holder), ERR_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(pidfile_open(&p, directory, &holder), ERR_IO);
	/* A link is somebody's trick: the file it points to would be overwritten. */
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(pidfile_open(&p, path, &holder), ERR_IO);
	assert_int_equal(errno, ELOOP);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_holds_the_pid_and_goes),
		TEST(test_the_second_is_told_who),
		TEST(test_a_stale_file_is_overwritten),
		TEST(test_a_dead_holder_holds_nothing),
		TEST(test_what_can_not_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
