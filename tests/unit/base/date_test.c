/* date_test.c - HTTP dates in three forms, both ways, against the C library's calendar. */
#include "base/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const time_t NOW = 1767225600; /* 2026-01-01T00:00:00Z */

static void test_accepted(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t t;
	} cases[] = {
		/* The three of RFC 9110 section 5.6.7. */
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "Thu, 29 Feb 2024 12:00:00 GMT", 1709208000 },
		{ "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
		{ "Thu Feb 29 12:00:00 2024", 1709208000 },
		{ "Sat Dec 31 23:59:59 2016", 1483228799 },
		/* A leap second is the first of the next minute. */
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		time_t t = -12345;
		if (date_parse_http(slice_str(cases[i].text), NOW, &t) != OK)
			fail_msg("'%s' was refused", cases[i].text);
		assert_int_equal(t, cases[i].t);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"",
		"Sun",
		"Sun,",
		"Mon, 06 Nov 1994 08:49:37 GMT", /* it was a Sunday */
		"Monday, 06-Nov-94 08:49:37 GMT",
		"Mon Nov  6 08:49:37 1994",
		"sun, 06 Nov 1994 08:49:37 GMT", /* dates are case-sensitive */
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 gmt",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun,06 Nov 1994 08:49:37 GMT",
		"Sun, 06  Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 06 Nov 94 08:49:37 GMT",
		"Sund, 06-Nov-94 08:49:37 GMT",
		"Sun Nov 06 08:49:37 1994 GMT",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov   6 08:49:37 1994",
		"Sun Nov  6 08:49:37 94",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Thu, 31 Nov 1994 08:49:37 GMT",
		"Wed, 29 Feb 2023 00:00:00 GMT",
		"Thu, 29 Feb 1900 00:00:00 GMT",
		"Mon, 29 Feb 2100 00:00:00 GMT",
		"Thu, 30 Feb 2024 00:00:00 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:00 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 1994 08:49:60 GMT", /* no leap second in the middle of a day */
		"Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun, 06 Nov 1994 08-49-37 GMT",
		"Sun, -6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov +994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:3\xb2 GMT",
		"784111777",
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		time_t t = -12345;
		if (date_parse_http(slice_str(cases[i]), NOW, &t) != ERR_SYNTAX)
			fail_msg("'%s' was taken", cases[i]);
		assert_int_equal(t, -12345);
	}
}

/* Two digits: the latest such year that is not more than 50 years ahead of now. */
static void test_two_digit_years(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t now, t; /* t -1: refused */
	} cases[] = {
		/* 1975 began on a Wednesday, but 2075 is meant. */
		{ "Wednesday, 01-Jan-75 00:00:00 GMT", NOW, -1 },
		{ "Tuesday, 01-Jan-75 00:00:00 GMT", NOW, INT64_C(3313526400) },
		{ "Wednesday, 01-Jan-76 00:00:00 GMT", NOW, INT64_C(3345062400) },
		/* One second more than 50 years ahead: 1976, which began on a Thursday. */
		{ "Thursday, 01-Jan-76 00:00:01 GMT", NOW, INT64_C(189302401) },
		{ "Friday, 31-Dec-99 23:59:59 GMT", NOW, INT64_C(946684799) },
		{ "Saturday, 01-Jan-00 00:00:00 GMT", NOW, INT64_C(946684800) },
		/* Seen at the end of a century, 05 lies ahead. */
		{ "Thursday, 01-Jan-05 00:00:00 GMT", INT64_C(4070908800), INT64_C(4260211200) },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		time_t t = -1;
		int result = date_parse_http(slice_str(cases[i].text), (time_t)cases[i].now, &t);
		assert_int_equal(result, cases[i].t == -1 ? ERR_SYNTAX : OK);
		assert_int_equal(t, cases[i].t);
	}
}

/* Cut anywhere, a date is none. */
static void test_every_prefix(void **state)
{
	(void)state;
	static const char *const dates[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" };
	for (size_t i = 0; i < COUNT(dates); i++) {
		struct slice whole = slice_str(dates[i]);
		for (size_t len = 0; len < whole.len; len++) {
			time_t t;
			char *copy =
			    malloc(len ? len : 1); /* so that a read past the end is seen */
			memcpy(copy, whole.ptr, len);
			int result = date_parse_http(slice_of(copy, len), NOW, &t);
			assert_int_equal(result, ERR_SYNTAX);
			free(copy);
		}
	}
}

/* Through the centuries in uneven steps: as strftime says, and back. */
static void test_round_trip(void **state)
{
	(void)state;
	for (int64_t t = 0; t <= 253402300799; t += 86400 * 17 + 12345) {
		time_t when = (time_t)t, again = -1;
		char text[DATE_HTTP_LEN], expected[64];
		struct tm tm;
		date_format_http(when, text);
		gmtime_r(&when, &tm);
		strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		assert_memory_equal(text, expected, DATE_HTTP_LEN);
		assert_int_equal(date_parse_http(slice_of(text, DATE_HTTP_LEN), NOW, &again), OK);
		assert_int_equal(again, t);
		strftime(expected, sizeof(expected), "%a %b %e %H:%M:%S %Y", &tm);
		assert_int_equal(date_parse_http(slice_str(expected), NOW, &again), OK);
		assert_int_equal(again, t);
	}
}

static void test_clamped(void **state)
{
	(void)state;
	char text[DATE_HTTP_LEN];
	date_format_http(-1, text);
	assert_memory_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_HTTP_LEN);
	date_format_http((time_t)INT64_MIN, text);
	assert_memory_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_HTTP_LEN);
	date_format_http((time_t)253402300800, text);
	assert_memory_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT", DATE_HTTP_LEN);
	date_format_http((time_t)INT64_MAX, text);
	assert_memory_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT", DATE_HTTP_LEN);
}

static void test_iso(void **state)
{
	(void)state;
	char text[25];
	date_format_iso(1769860800, 123, text);
	assert_string_equal(text, "2026-01-31T12:00:00.123Z");
	date_format_iso(0, 7, text);
	assert_string_equal(text, "1970-01-01T00:00:00.007Z");
	date_format_iso((time_t)253402300799, 999, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

/* POSIX zones count westward. */
static void test_clf(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		int64_t t;
		const char *text;
	} cases[] = {
		{ "UTC0", 971211336, "10/Oct/2000:20:55:36 +0000" },
		{ "AAA7", 971211336, "10/Oct/2000:13:55:36 -0700" },
		{ "AAA-5:30", 971211336, "11/Oct/2000:02:25:36 +0530" },
		{ "AAA3:30", 971211337, "10/Oct/2000:17:25:37 -0330" },
		{ "AAA-14", INT64_MAX, "01/Jan/0000:13:59:59 +1400" },
		{ "AAA12", -5, "31/Dec/1969:12:00:00 -1200" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[27];
		setenv("TZ", cases[i].zone, 1);
		tzset();
		date_format_clf(1, text); /* so that the second asked for is not remembered */
		date_format_clf((time_t)cases[i].t, text);
		assert_string_equal(text, cases[i].text);
		date_format_clf((time_t)cases[i].t, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_two_digit_years),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_clamped),
		cmocka_unit_test(test_iso),
		cmocka_unit_test(test_clf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
