/*
 * logfile_test.c - lines reach their file whole and in order, whatever it is and whatever happens
 * to it.
 */
#include "app/logfile.h"

#include "base/log.h"
#include "event/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/httpd-log-XXXXXX";
static struct loop *loop;

static int setup(void **state)
{
	(void)state;
	struct log_sink sink = { .fd = open("/dev/null", O_WRONLY), .level = LOG_LEVEL_ERROR };
	log_init(&sink);
	loop = loop_new();
	return mkdtemp(dir) && loop ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];
	(void)state;
	loop_free(&loop);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static const char *path_of(const char *name)
{
	static char path[64];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static size_t read_file(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, to, room - 1);
	close(fd);
	to[n] = '\0';
	return (size_t)n;
}

static void test_table(void **state)
{
	(void)state;
	int a = logfile_open(path_of("a"));
	assert_true(a >= 0);
	assert_int_equal(logfile_open(path_of("a")), a);
	int b = logfile_open(path_of("b"));
	assert_int_not_equal(a, b);
	assert_int_equal(logfile_find(path_of("b")), b);
	assert_int_equal(logfile_find(path_of("c")), ERR_NOTFOUND);
	assert_string_equal(logfile_at(b)->path, path_of("b"));
	assert_null(logfile_at(b + 1));
	assert_null(logfile_at(-1));
	struct stat st;
	assert_int_equal(fstat(logfile_at(a)->fd, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
	assert_int_equal(logfile_open(path_of("no/such")), ERR_IO);
	assert_int_equal(errno, ENOENT);
	int s = logfile_open("syslog:local1");
	assert_true(s >= 0);
	assert_int_equal(logfile_at(s)->fd, -1);
	assert_int_equal(logfile_open("syslog:nobody"), ERR_IO);
}

static void test_collects(void **state)
{
	char text[256];
	(void)state;
	logfile_start(loop);
	int i = logfile_open(path_of("lines"));
	logfile_write(i, SLICE("one\n"));
	logfile_write(i, SLICE("two\n"));
	assert_int_equal(read_file(path_of("lines"), text, sizeof(text)), 0);
	for (int turns = 0; turns < 40 && read_file(path_of("lines"), text, sizeof(text)) == 0;
	     turns++)
		loop_turn(loop, 50);
	assert_string_equal(text, "one\ntwo\n");
	logfile_write(i, SLICE("three\n"));
	logfile_flush();
	read_file(path_of("lines"), text, sizeof(text));
	assert_string_equal(text, "one\ntwo\nthree\n");
}

static void test_many_at_the_end_of_the_turn(void **state)
{
	static char text[65536];
	(void)state;
	int i = logfile_open(path_of("many"));
	for (int n = 0; n < 2000; n++)
		logfile_write(i, SLICE("0123456789\n"));
	assert_int_equal(read_file(path_of("many"), text, sizeof(text)), 0);
	loop_turn(loop, 0);
	assert_int_equal(read_file(path_of("many"), text, sizeof(text)), 22000);
}

static void test_more_than_fits(void **state)
{
	struct stat st;
	(void)state;
	int i = logfile_open(path_of("more"));
	for (int n = 0; n < 20000; n++)
		logfile_write(i, SLICE("0123456789\n"));
	logfile_flush();
	stat(path_of("more"), &st);
	assert_int_equal(st.st_size, 220000);
}

static void test_reopen(void **state)
{
	char text[64];
	(void)state;
	int i = logfile_open(path_of("turn"));
	logfile_write(i, SLICE("old\n"));
	logfile_flush();
	char kept[64];
	strcpy(kept, path_of("turn.1"));
	assert_int_equal(rename(path_of("turn"), kept), 0);
	logfile_write(i, SLICE("still old\n"));
	int fd = open(path_of("turn"), O_WRONLY | O_APPEND | O_CREAT, 0640);
	logfile_replace(i, fd); /* what was collected goes to where it was meant for */
	logfile_write(i, SLICE("new\n"));
	logfile_flush();
	read_file(kept, text, sizeof(text));
	assert_string_equal(text, "old\nstill old\n");
	read_file(path_of("turn"), text, sizeof(text));
	assert_string_equal(text, "new\n");
	unlink(path_of("turn"));
	logfile_reopen_all();
	logfile_write(i, SLICE("newer\n"));
	logfile_flush();
	read_file(path_of("turn"), text, sizeof(text));
	assert_string_equal(text, "newer\n");
}

/* A pipe takes whole lines of PIPE_BUF at once, nothing waits when it is full, and what did not fit
 * is dropped by lines. */
static void test_pipe(void **state)
{
	static char text[1 << 20];
	(void)state;
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
	int reader = open(path_of("pipe"), O_RDONLY | O_NONBLOCK);
	int i = logfile_open(path_of("pipe"));
	for (int n = 0; n < 20000; n++)
		logfile_write(i, SLICE("0123456789\n"));
	logfile_flush();
	size_t len = 0;
	for (int round = 0; round < 5; round++) {
		ssize_t n;
		while ((n = read(reader, text + len, PIPE_BUF)) > 0)
			len += (size_t)n;
		logfile_flush();
	}
	assert_in_range(len, 64 << 10, 200000);
	assert_int_equal(len % 11, 0);
	for (size_t at = 0; at < len; at += 11)
		assert_memory_equal(text + at, "0123456789\n", 11);
	static char large[10000];
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\n';
	logfile_write(i, slice_of(large, sizeof(large)));
	logfile_write(i, SLICE("next\n"));
	logfile_flush();
	ssize_t n = read(reader, text, sizeof(text));
	assert_int_equal(n, PIPE_BUF + 1 + 5);
	assert_memory_equal(text + PIPE_BUF, "\nnext\n", 6);
	close(reader);
}

static void test_full_disk(void **state)
{
	(void)state;
	int i = logfile_open("/dev/full");
	for (int n = 0; n < 100; n++)
		logfile_write(i, SLICE("lost\n"));
	logfile_flush(); /* one line in the error log, no stall, no growth */
	logfile_write(i, SLICE("lost too\n"));
	logfile_flush();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_collects),
		cmocka_unit_test(test_many_at_the_end_of_the_turn),
		cmocka_unit_test(test_more_than_fits),
		cmocka_unit_test(test_reopen),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_full_disk),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
