/* errorlog_test.c - where the error log goes, and that it can be moved away under it. */
#include "process/errorlog.h"

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
#include <syslog.h>
#include <unistd.h>

static void test_places(void **state)
{
	(void)state;
	static const struct {
		const char *where;
		bool detached;
		int result;
		int fd;
		int facility;
	} cases[] = {
		{ "-", false, OK, STDERR_FILENO, 0 },
		{ "-", true, OK, -1, LOG_DAEMON },
		{ "syslog:local1", false, OK, -1, LOG_LOCAL1 },
		{ "syslog:mail", true, OK, -1, LOG_MAIL },
		{ "syslog:nonsense", false, ERR_NOTFOUND, 0, 0 },
		{ "syslog:", false, ERR_NOTFOUND, 0, 0 },
		{ "/nonexistent/error.log", false, ERR_IO, 0, 0 },
		{ "/", false, ERR_IO, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct errorlog log;
		int result =
		    errorlog_open(&log, cases[i].where, LOG_LEVEL_WARNING, cases[i].detached);
		if (result != cases[i].result)
			fail_msg("'%s' gave %d", cases[i].where, result);
		if (result < 0)
			continue;
		assert_int_equal(log.sink.fd, cases[i].fd);
		assert_int_equal(log.sink.level, LOG_LEVEL_WARNING);
		assert_null(log.path);
		if (cases[i].fd < 0)
			assert_int_equal(log.sink.syslog_facility, cases[i].facility);
		assert_int_equal(errorlog_reopen(&log), OK);
		errorlog_close(&log);
	}
}

static off_t size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 ? -1 : st.st_size;
}

static void test_a_file_is_moved_away(void **state)
{
	(void)state;
	char directory[] = "/tmp/httpd-errorlog.XXXXXX", path[64], moved[64];
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/error.log", directory);
	snprintf(moved, sizeof(moved), "%s/error.log.1", directory);
	struct errorlog log;
	assert_int_equal(errorlog_open(&log, path, LOG_LEVEL_NOTICE, true), OK);
	int fd = log.sink.fd;
	assert_int_equal(write(fd, "one\n", 4), 4);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(write(fd, "two\n", 4), 4);
	assert_int_equal(errorlog_reopen(&log), OK);
	assert_int_equal(log.sink.fd, fd); /* whoever knows the number writes to the new file */
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(fd, "3\n", 2), 2);
	assert_int_equal(size_of(moved), 8);
	assert_int_equal(size_of(path), 2);

	/* What can not be opened keeps the old one. */
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(errorlog_reopen(&log), ERR_IO);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(write(fd, "4\n", 2), 2);
	errorlog_close(&log);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	rmdir(path);
	unlink(moved);
	rmdir(directory);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_a_file_is_moved_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
