/* title_test.c - titles overwrite the arguments, and nobody's strings. */
#include "process/title.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **arguments;

/* As ps(1) would show it: NULs between arguments become spaces, those at the end go. */
static const char *shown(void)
{
	static char text[4096];
	FILE *f = fopen("/proc/self/cmdline", "r");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	while (n > 0 && text[n - 1] == '\0')
		n--;
	text[n] = '\0';
	return text;
}

static void test_title(void **state)
{
	(void)state;
	title_set("httpd: worker %d", 3);
	assert_string_equal(shown(), "httpd: worker 3");
	title_set("httpd: master %s", "/etc/httpd/httpd.conf");
	assert_string_equal(shown(), "httpd: master /etc/httpd/httpd.conf");
	title_set("httpd");
	assert_string_equal(shown(), "httpd");
}

static void test_strings_survive(void **state)
{
	(void)state;
	char long_title[4096];
	memset(long_title, 'x', sizeof(long_title) - 1);
	long_title[sizeof(long_title) - 1] = '\0';
	title_set("%s", long_title);
	assert_string_equal(arguments[1], "--some-argument");
	assert_null(arguments[2]);
	assert_string_equal(getenv("TITLE_TEST"), "value");
	setenv("TITLE_TEST", "other", 1);
	title_set("httpd: again");
	assert_string_equal(getenv("TITLE_TEST"), "other");
}

static void test_twice_is_once(void **state)
{
	(void)state;
	title_init(arguments);
	title_set("httpd: twice");
	assert_string_equal(shown(), "httpd: twice");
}

int main(int argc, char **argv)
{
	/* The variable is to be in the memory that the kernel has laid out. */
	if (argc < 2) {
		setenv("TITLE_TEST", "value", 1);
		execl("/proc/self/exe", argv[0], "--some-argument", (char *)NULL);
		return 1;
	}
	arguments = argv;
	title_set("nothing yet");
	title_init(argv);
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_title),
		cmocka_unit_test(test_strings_survive),
		cmocka_unit_test(test_twice_is_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
