/*
 * file_open_test.c - nothing outside the root is opened, with openat2 and without.
 */
#include "handler/file_open.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/httpd-open-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	close(fd);
}

static int setup(void **state)
{
	char target[128];
	(void)state;
	assert_non_null(mkdtemp(dir));
	mkdir(path_of("root"), 0755);
	mkdir(path_of("root/sub"), 0755);
	mkdir(path_of("rootlike"), 0755);
	make_file("outside");
	make_file("rootlike/x");
	make_file("root/file");
	make_file("root/sub/file");
	assert_int_equal(symlink("file", path_of("root/link")), 0);
	assert_int_equal(symlink("../file", path_of("root/sub/up")), 0);
	assert_int_equal(symlink("../../outside", path_of("root/sub/out")), 0);
	strcpy(target, path_of("root/sub/file"));
	assert_int_equal(symlink(target, path_of("root/absolute")), 0);
	strcpy(target, path_of("root"));
	assert_int_equal(symlink(target, path_of("root/self")), 0);
	strcpy(target, path_of("rootlike/x"));
	assert_int_equal(symlink(target, path_of("root/like")), 0);
	assert_int_equal(symlink("/etc/passwd", path_of("root/passwd")), 0);
	assert_int_equal(symlink("/proc/self/root", path_of("root/magic")), 0);
	assert_int_equal(symlink("nowhere", path_of("root/dangling")), 0);
	return 0;
}

static int teardown(void **state)
{
	char command[64];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static const struct {
	const char *name;
	int confined;  /* OK: opened */
	int following; /* with follow_links */
	int walking;   /* without openat2 */
} rows[] = {
	{ "", OK, OK, OK },
	{ "file", OK, OK, OK },
	{ "sub/file", OK, OK, OK },
	{ "sub/", OK, OK, OK },
	{ "file/", ERR_NOTFOUND, ERR_NOTFOUND, OK },
	{ "none", ERR_NOTFOUND, ERR_NOTFOUND, ERR_NOTFOUND },
	{ "file/x", ERR_NOTFOUND, ERR_NOTFOUND, ERR_NOTFOUND },
	{ "../outside", ERR_NOTFOUND, OK, ERR_NOTFOUND },
	{ "sub/../../outside", ERR_NOTFOUND, OK, ERR_NOTFOUND },
	{ "link", OK, OK, ERR_NOTFOUND },
	{ "sub/up", OK, OK, ERR_NOTFOUND },
	{ "sub/out", ERR_NOTFOUND, OK, ERR_NOTFOUND },
	{ "absolute", OK, OK, ERR_NOTFOUND },
	{ "self/sub/file", OK, OK, ERR_NOTFOUND },
	{ "like", ERR_NOTFOUND, OK, ERR_NOTFOUND },
	{ "passwd", ERR_NOTFOUND, OK, ERR_NOTFOUND },
	{ "magic/etc/passwd", ERR_NOTFOUND, OK, ERR_NOTFOUND },
	{ "dangling", ERR_NOTFOUND, ERR_NOTFOUND, ERR_NOTFOUND },
};

static void expect(const struct file_root *root, const char *name, int wanted)
{
	int fd = file_open(root, name, 0, true);
	if ((fd < 0 ? fd : OK) != wanted)
		fail_msg("'%s': %d (%s)", name, fd, strerror(errno));
	if (fd >= 0)
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	if (fd >= 0)
		close(fd);
}

static void test_confined(void **state)
{
	struct file_root root;
	(void)state;
	assert_int_equal(file_root_open(&root, path_of("root"), false), OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(&root, rows[i].name, rows[i].confined);
	assert_int_equal(file_open(&root, "file", O_DIRECTORY, true), ERR_NOTFOUND);
	int fd = file_open(&root, "sub", O_PATH | O_DIRECTORY, true);
	assert_true(fd >= 0);
	close(fd);
	file_root_close(&root);
	assert_int_equal(root.fd, -1);
}

static void test_following(void **state)
{
	struct file_root root;
	(void)state;
	assert_int_equal(file_root_open(&root, path_of("root"), true), OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(&root, rows[i].name, rows[i].following);
	file_root_close(&root);
}

static void test_no_root(void **state)
{
	struct file_root root;
	(void)state;
	assert_int_equal(file_root_open(&root, path_of("none"), false), ERR_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(file_root_open(&root, path_of("outside"), false), ERR_IO);
	assert_int_equal(errno, ENOTDIR);
}

/* One descriptor for a directory, however many routes have it as their root. */
static void test_shared(void **state)
{
	struct file_root a, b, other;
	(void)state;
	assert_int_equal(file_root_open(&a, path_of("root"), false), OK);
	assert_int_equal(file_root_open(&b, path_of("root"), true), OK);
	assert_int_equal(file_root_open(&other, path_of("root/sub"), false), OK);
	int fd = a.fd;
	assert_int_equal(b.fd, fd);
	assert_int_not_equal(other.fd, fd);
	expect(&b, "sub/out", OK); /* who follows links is each root's own */
	expect(&a, "sub/out", ERR_NOTFOUND);
	file_root_close(&a);
	expect(&b, "sub/file", OK);
	file_root_close(&b);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	file_root_close(&other);
}

/* What the kernel has at hand needs no thread; an absolute link always does. */
static void test_without_waiting(void **state)
{
	struct file_root root;
	(void)state;
	assert_int_equal(file_root_open(&root, path_of("root"), false), OK);
	expect(&root, "sub/file", OK); /* now it is at hand */
	int fd = file_open(&root, "sub/file", 0, false);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(file_open(&root, "absolute", 0, false), ERR_AGAIN);
	file_root_close(&root);
}

static void hide_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(77);
}

static int walk_rows(void)
{
	struct file_root root;
	if (file_root_open(&root, path_of("root"), false) < 0)
		return 100;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = file_open(&root, rows[i].name, 0, true);
		if ((fd < 0 ? fd : OK) != rows[i].walking)
			return (int)i + 1;
	}
	return 0;
}

static void test_without_openat2(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		hide_openat2();
		_exit(walk_rows());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_following),
		cmocka_unit_test(test_no_root),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_without_waiting),
		cmocka_unit_test(test_without_openat2),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
