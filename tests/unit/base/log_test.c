/* log_test.c - the form of lines, escaping, cutting, gates, a destination that fails. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A socket of datagrams: each read gives what one write wrote. */
static int sink_fds[2];

static int set_up(void **state)
{
	(void)state;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sink_fds) < 0)
		return -1;
	log_init(&(struct log_sink){ .fd = sink_fds[0], .level = LOG_LEVEL_INFO });
	log_set_name("worker 3");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_init(&(struct log_sink){ .fd = STDERR_FILENO, .level = LOG_LEVEL_NOTICE });
	close(sink_fds[0]);
	close(sink_fds[1]);
	return 0;
}

/* The next line; "" if there is none. */
static const char *next_line(void)
{
	static char line[8192];
	ssize_t n = read(sink_fds[1], line, sizeof(line) - 1);
	line[n < 0 ? 0 : n] = '\0';
	return line;
}

/* What stands behind date, level and name. */
static void assert_text(const char *text)
{
	const char *line = next_line();
	const char *at = strstr(line, "worker 3: ");
	assert_non_null(at);
	at += strlen("worker 3: ");
	assert_int_equal(strlen(at), strlen(text) + 1);
	assert_memory_equal(at, text, strlen(text));
	assert_int_equal(at[strlen(text)], '\n');
}

static void test_form(void **state)
{
	(void)state;
	log_notice("%s", "text");
	const char *line = next_line();
	/* 2026-01-31T12:00:00.123Z notice worker 3: text */
	assert_int_equal(strlen(line), 24 + strlen(" notice worker 3: text\n"));
	assert_string_equal(line + 24, " notice worker 3: text\n");
	for (int i = 0; i < 24; i++) {
		const char *form = "dddd-dd-ddTdd:dd:dd.dddZ";
		bool digit = line[i] >= '0' && line[i] <= '9';
		assert_true(form[i] == 'd' ? digit : line[i] == form[i]);
	}
	assert_string_equal(next_line(), "");
}

static void test_levels(void **state)
{
	(void)state;
	log_error("e");
	assert_non_null(strstr(next_line(), " error worker 3: e\n"));
	log_warning("w");
	assert_non_null(strstr(next_line(), " warning worker 3: w\n"));
	log_info("i");
	assert_non_null(strstr(next_line(), " info worker 3: i\n"));
	log_debug("d");
	assert_string_equal(next_line(), "");
	assert_true(log_enabled(LOG_LEVEL_INFO));
	assert_false(log_enabled(LOG_LEVEL_DEBUG));
	log_init(&(struct log_sink){ .fd = sink_fds[0], .level = LOG_LEVEL_ERROR });
	log_warning("w");
	assert_string_equal(next_line(), "");
}

static void test_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *argument, *text;
	} cases[] = {
		{ "a\nb", "a\\x0ab" },
		{ "\r\n2026-01-31T12:00:00.123Z error master: forged",
		    "\\x0d\\x0a2026-01-31T12:00:00.123Z error master: forged" },
		{ "\033[2J", "\\x1b[2J" },
		{ "\t", "\\x09" },
		{ "~\x7f", "~\\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\\xc3\\xbc\\xc3\\x9f" },
		{ "\xff\x80\x01", "\\xff\\x80\\x01" },
		{ " !\"%\\~", " !\"%\\~" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		log_error("%s", cases[i].argument);
		assert_text(cases[i].text);
	}
}

static void test_name_is_escaped(void **state)
{
	(void)state;
	log_set_name("a\nb");
	log_error("x");
	assert_non_null(strstr(next_line(), " error a\\x0ab: x\n"));
	log_set_name("");
	log_error("x");
	assert_non_null(strstr(next_line(), " error x\n"));
}

/* However long and of whatever bytes: one line of at most 2 KiB that shows that it was cut. */
static void test_cut(void **state)
{
	(void)state;
	static char text[5000];
	for (size_t len = 1900; len < 2200; len++) {
		memset(text, 'a', sizeof(text));
		text[len] = '\0';
		log_error("%s", text);
		const char *line = next_line();
		size_t line_len = strlen(line);
		bool whole = len + 42 <= 2048 - 3; /* 42: date, level, name and newline */
		assert_int_equal(line[line_len - 1], '\n');
		assert_true(line_len <= 2048);
		assert_int_equal(line_len, whole ? len + 42 : 2048);
		assert_int_equal(!strstr(line, "...\n"), whole);
	}
	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	const char *line = next_line();
	assert_true(strlen(line) <= 2048);
	assert_non_null(strstr(line, "\\x0a...\n"));
	assert_string_equal(next_line(), "");
}

static void test_errno(void **state)
{
	(void)state;
	errno = ENOENT;
	log_error("cannot open: %m");
	assert_int_equal(errno, ENOENT);
	assert_text("cannot open: No such file or directory");
	struct log_gate gate = { 0 };
	errno = EACCES;
	log_gated(&gate, LOG_LEVEL_ERROR, "cannot open: %m");
	assert_int_equal(errno, EACCES);
	assert_text("cannot open: Permission denied");
}

static void test_gate(void **state)
{
	(void)state;
	struct log_gate gate = { 0 };
	for (int i = 0; i < 1000; i++)
		log_gated(&gate, LOG_LEVEL_WARNING, "number %d", i);
	assert_text("number 0");
	assert_string_equal(next_line(), "");
	assert_int_equal(gate.suppressed, 999);
	gate.open_at_ms = 0; /* ten seconds later */
	log_gated(&gate, LOG_LEVEL_WARNING, "number %d", 1000);
	assert_text("(999 more like this were left out) number 1000");
	log_gated(&gate, LOG_LEVEL_WARNING, "number %d", 1001);
	assert_string_equal(next_line(), "");
	assert_int_equal(gate.suppressed, 1);
	struct log_gate quiet = { 0 };
	log_gated(&quiet, LOG_LEVEL_DEBUG, "not at this level");
	assert_int_equal(quiet.open_at_ms, 0);
	assert_string_equal(next_line(), "");
}

static void test_terminal(void **state)
{
	(void)state;
	log_init(
	    &(struct log_sink){ .fd = sink_fds[0], .level = LOG_LEVEL_INFO, .terminal = true });
	log_error("a\033[1mb");
	const char *line = next_line();
	assert_memory_equal(line, "\033[2m", 4);
	assert_int_equal(line[6], ':');
	assert_int_equal(line[9], ':');
	assert_string_equal(line + 12, "\033[0m \033[1;31merror\033[0m worker 3: a\\x1b[1mb\n");
}

/* A destination that takes nothing: told once on standard error, counted, told when it is over. */
static void test_failing(void **state)
{
	(void)state;
	int saved_stderr = dup(STDERR_FILENO);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int memory = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(saved_stderr >= 0 && full >= 0 && memory >= 0);
	dup2(memory, STDERR_FILENO);
	int sink = dup(full);
	log_init(&(struct log_sink){ .fd = sink, .level = LOG_LEVEL_INFO });
	log_error("one");
	log_error("two");
	log_error("three");
	dup2(sink_fds[0], sink);
	log_error("four");
	dup2(saved_stderr, STDERR_FILENO);

	char text[500] = "";
	assert_true(pread(memory, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "httpd: cannot write the error log: No space left on device; "
				  "lines are counted until it works again\n");
	assert_text("the log works again; 3 lines were lost");
	assert_text("four");
	assert_string_equal(next_line(), "");
	close(saved_stderr);
	close(full);
	close(memory);
	close(sink);
}

/* A disk that fills in the middle of a line: the next line begins on a new one. */
static void test_torn_line(void **state)
{
	(void)state;
	struct rlimit old, small = { .rlim_cur = 100 };
	char text[1000] = "";
	int saved_stderr = dup(STDERR_FILENO);
	int file = memfd_create("log", MFD_CLOEXEC);
	int silent = open("/dev/null", O_WRONLY | O_CLOEXEC);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	log_init(&(struct log_sink){ .fd = file, .level = LOG_LEVEL_INFO });
	log_error("%050d", 1);
	dup2(silent, STDERR_FILENO);
	setrlimit(RLIMIT_FSIZE, &small);
	log_error("%050d", 2);
	log_error("%050d", 3);
	setrlimit(RLIMIT_FSIZE, &old);
	dup2(saved_stderr, STDERR_FILENO);
	log_error("four");
	ssize_t len = pread(file, text, sizeof(text) - 1, 0);
	assert_true(len > 0);
	assert_non_null(strstr(text, "0001\n"));
	assert_int_equal(text[100], '\n');
	assert_null(strstr(text, "0002\n"));
	assert_non_null(strstr(text, "the log works again; 2 lines were lost\n"));
	assert_non_null(strstr(text, "worker 3: four\n"));
	close(saved_stderr);
	close(silent);
	close(file);
}

/* Standard error closed under the master: no crash, no line elsewhere. */
static void test_closed(void **state)
{
	(void)state;
	int fds[2];
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	int saved_stderr = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	log_init(&(struct log_sink){ .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO });
	log_error("nobody reads this");
	close(STDERR_FILENO);
	log_error("nor this");
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(fds[1]);
	log_init(&(struct log_sink){ .fd = sink_fds[0], .level = LOG_LEVEL_INFO });
	log_error("but this");
	assert_text("but this");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_form),
		TEST(test_levels),
		TEST(test_escapes),
		TEST(test_name_is_escaped),
		TEST(test_cut),
		TEST(test_errno),
		TEST(test_gate),
		TEST(test_terminal),
		TEST(test_failing),
		TEST(test_torn_line),
		TEST(test_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
