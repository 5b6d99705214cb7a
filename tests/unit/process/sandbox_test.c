/* sandbox_test.c - what a confined worker can not do any more, and what it still can. */
#include "process/sandbox.h"

#include "process/landlock.h"
#include "process/seccomp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process of its own, where the sandbox stays closed. */
static void in_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(run());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("step %d failed (status %x)", WEXITSTATUS(status), status);
}

static void *thread(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static int refusals(void)
{
	if (seccomp_close(false) < 0)
		return 1;
	if (mount("none", "/mnt", "tmpfs", 0, NULL) == 0 || errno != EPERM)
		return 2;
	if (unshare(CLONE_NEWUSER) == 0 || errno != EPERM)
		return 3;
	if (syscall(SYS_bpf, 0, NULL, 0) != -1 || errno != EPERM)
		return 4;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 5;
	if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) != -1 || errno != EPERM)
		return 6;
	if (setuid(65534) == 0 || errno != EPERM)
		return 7;
	/* TIOCSTI: the descriptor does not even have to be a terminal to be refused. */
	if (syscall(SYS_ioctl, STDIN_FILENO, 0x5412, "x") != -1 || errno != EPERM)
		return 8;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	char *const argv[] = { "/bin/true", NULL };
	if (execv(argv[0], argv) != -1 || errno != EPERM)
		return 9;
	if (syscall(SYS_ptrace, 0, 0, 0, 0) != -1 || errno != EPERM)
		return 10;
#endif
	return 0;
}

static int permissions(void)
{
	pthread_t t;
	int ran = 0, status, fds[2];
	char byte;
	if (seccomp_close(false) < 0)
		return 1;
	if (pthread_create(&t, NULL, thread, &ran) != 0 || pthread_join(t, NULL) != 0 || !ran)
		return 2;
	if (pipe(fds) < 0 || write(fds[1], "x", 1) != 1 || read(fds[0], &byte, 1) != 1)
		return 3;
	pid_t pid = fork();
	if (pid == 0)
		_exit(7);
	if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7)
		return 4;
	int fd = open("/dev/null", O_RDWR);
	return fd < 0 ? 5 : 0;
}

static int programs(void)
{
	int status;
	if (seccomp_close(true) < 0)
		return 1;
	pid_t pid = fork();
	if (pid == 0) {
		char *const argv[] = { "/bin/true", NULL };
		execv(argv[0], argv);
		_exit(9);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 2;
}

static void test_seccomp(void **state)
{
	(void)state;
	if (!seccomp_offered())
		skip();
	in_child(refusals);
	in_child(permissions);
	in_child(programs);
}

static char directory[64];

static const char *below(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int confined(void)
{
	int rules = landlock_open(false);
	if (rules < 0)
		return 1;
	if (landlock_allow(rules, below("read"), false) < 0 ||
	    landlock_allow(rules, below("write"), true) < 0 ||
	    landlock_allow(rules, below("file"), true) < 0 ||
	    landlock_allow(rules, below("missing"), true) < 0)
		return 2;
	if (landlock_close(rules) < 0)
		return 3;
	if (!opens(below("read/a"), O_RDONLY) || opens(below("read/a"), O_WRONLY) ||
	    opens(below("read/new"), O_WRONLY | O_CREAT))
		return 4;
	if (!opens(below("write/new"), O_WRONLY | O_CREAT) || unlink(below("write/new")) < 0)
		return 5;
	if (!opens(below("file"), O_RDWR) || unlink(below("file")) == 0)
		return 6;
	if (opens("/etc/passwd", O_RDONLY) || opens("/", O_RDONLY | O_DIRECTORY))
		return 7;
	if (opens(below("read/../secret"), O_RDONLY) || opens(below("read/link"), O_RDONLY))
		return 8;
	return access("/proc/self/exe", F_OK) == 0 ? 0 : 9; /* looking is not opening */
}

static void make(const char *name)
{
	int fd = open(below(name), O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void test_landlock(void **state)
{
	(void)state;
	if (landlock_abi() == 0)
		skip();
	strcpy(directory, "/tmp/httpd-landlock.XXXXXX");
	assert_non_null(mkdtemp(directory));
	mkdir(below("read"), 0700);
	mkdir(below("write"), 0700);
	make("read/a");
	make("file");
	make("secret");
	char target[128];
	snprintf(target, sizeof(target), "%s", below("secret"));
	assert_int_equal(symlink(target, below("read/link")), 0);
	in_child(confined);
	static const char *const files[] = { "read/a", "read/link", "file", "secret" };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_int_equal(unlink(below(files[i])), 0);
	rmdir(below("read"));
	rmdir(below("write"));
	rmdir(directory);
}

static void test_description(void **state)
{
	(void)state;
	static const char *const texts[] = { "none", "landlock", "seccomp", "landlock, seccomp" };
	for (uint32_t parts = 0; parts < 4; parts++) {
		char text[64];
		sandbox_describe(parts, text, sizeof(text));
		assert_string_equal(text, texts[parts]);
	}
	assert_int_equal(sandbox_offered() & ~3U, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_landlock),
		cmocka_unit_test(test_description),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
