/* mem_test.c - memory that is there: zero sizes, copies, formats, and the end when there is none.
 */
#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_zero_size(void **state)
{
	(void)state;
	void *p = mem_alloc(0);
	assert_non_null(p);
	p = mem_realloc(p, 0);
	assert_non_null(p);
	mem_free(p);
	mem_free(NULL);
}

static void test_zeroed(void **state)
{
	(void)state;
	static const char zero[100];
	char *p = mem_zalloc(sizeof(zero));
	assert_memory_equal(p, zero, sizeof(zero));
	mem_free(p);
}

static void test_realloc_keeps(void **state)
{
	(void)state;
	char *p = mem_strdup("abc");
	p = mem_realloc(p, 10000);
	assert_string_equal(p, "abc");
	mem_free(p);
}

static void test_printf(void **state)
{
	(void)state;
	char *p = mem_printf("%s-%d", "a", 7);
	assert_string_equal(p, "a-7");
	mem_free(p);
}

/* In a child: it says the size on standard error and aborts. */
static void test_gives_up(void **state)
{
	(void)state;
	int pipe_fds[2], status;
	char text[200] = "";
	assert_int_equal(pipe(pipe_fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		dup2(pipe_fds[1], STDERR_FILENO);
		volatile size_t size = SIZE_MAX / 2;
		mem_alloc(size);
		_exit(0);
	}
	close(pipe_fds[1]);
	for (size_t len = 0; len < sizeof(text) - 1;) {
		ssize_t n = read(pipe_fds[0], text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	if (strstr(text, "Sanitizer")) /* it ends the process itself */
		return;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(text, "httpd: out of memory: no room for 9223372036854775807 bytes\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_size),
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_realloc_keeps),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_gives_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
