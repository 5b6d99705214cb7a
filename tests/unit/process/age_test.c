/* age_test.c - how long something lasted, for people. */
#include "process/age.h"

#include <setjmp.h>
#include <stdarg.h>

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
		char text[AGE_TEXT];
		age_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
	char text[AGE_TEXT];
	age_format(UINT64_MAX, text); /* fits, whatever comes */
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_two_units) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
