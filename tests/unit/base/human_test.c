/* human_test.c - how long and how much, for people. */
#include "base/human.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_two_units(void **state)
{
	(void)state;
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0ms" },
		{ 999, "999ms" },
		{ 1000, "1s" },
		{ 59999, "59s" },
		{ 60000, "1m 0s" },
		{ 3599999, "59m 59s" },
		{ 3600000, "1h 0m" },
		{ 86399999, "23h 59m" },
		{ 86400000, "1d 0h" },
		{ 86400000ULL * 400 + 3600000 * 5, "400d 5h" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[HUMAN_TEXT];
		human_age(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
	char text[HUMAN_TEXT];
	human_age(UINT64_MAX, text); /* fits, whatever comes */
}

static void test_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = { { 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" }, { 1234, "1.2 kB" },
		{ 9950, "10 kB" }, { 9949, "9.9 kB" }, { 12345, "12 kB" }, { 999499, "999 kB" },
		{ 999500, "1.0 MB" }, { 1500000, "1.5 MB" }, { 3221225472, "3.2 GB" },
		{ UINT64_MAX, "18 EB" } };
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char text[HUMAN_TEXT];
		human_size(sizes[i].bytes, text);
		assert_string_equal(text, sizes[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_two_units),
		cmocka_unit_test(test_sizes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
