/* number_test.c - numbers, durations, sizes: what is taken, what is refused and why. */
#include "base/number.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_decimal(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t max;
		int result;
		uint64_t value;
	} cases[] = {
		{ "0", 0, OK, 0 },
		{ "00", 0, OK, 0 },
		{ "007", 7, OK, 7 },
		{ "1", 0, ERR_RANGE, 0 },
		{ "9", 8, ERR_RANGE, 0 },
		{ "65535", 65535, OK, 65535 },
		{ "65536", 65535, ERR_RANGE, 0 },
		{ "18446744073709551615", UINT64_MAX, OK, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, ERR_RANGE, 0 },
		{ "99999999999999999999999", UINT64_MAX, ERR_RANGE, 0 },
		{ "184467440737095516150", UINT64_MAX, ERR_RANGE, 0 },
		{ "0000000000000000000000000000005", UINT64_MAX, OK, 5 },
		{ "", 10, ERR_SYNTAX, 0 },
		{ "+1", 10, ERR_SYNTAX, 0 },
		{ "-1", 10, ERR_SYNTAX, 0 },
		{ " 1", 10, ERR_SYNTAX, 0 },
		{ "1 ", 10, ERR_SYNTAX, 0 },
		{ "1a", 10, ERR_SYNTAX, 0 },
		{ "99x", 10, ERR_SYNTAX, 0 },
		{ "0x1", 10, ERR_SYNTAX, 0 },
		{ "1.0", 10, ERR_SYNTAX, 0 },
		{ "\xd9\xa1", 10, ERR_SYNTAX, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t value = 12345;
		int result = number_parse(slice_str(cases[i].text), cases[i].max, &value);
		if (result != cases[i].result)
			fail_msg("'%s' gave %d", cases[i].text, result);
		assert_int_equal(value, result == OK ? cases[i].value : 12345);
	}
}

static void test_hexadecimal(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t max;
		int result;
		uint64_t value;
	} cases[] = {
		{ "0", 10, OK, 0 },
		{ "fF", 255, OK, 255 },
		{ "100", 255, ERR_RANGE, 0 },
		{ "DEADbeef", UINT64_MAX, OK, 0xdeadbeef },
		{ "ffffffffffffffff", UINT64_MAX, OK, UINT64_MAX },
		{ "10000000000000000", UINT64_MAX, ERR_RANGE, 0 },
		{ "g", UINT64_MAX, ERR_SYNTAX, 0 },
		{ "@", UINT64_MAX, ERR_SYNTAX, 0 },
		{ "`", UINT64_MAX, ERR_SYNTAX, 0 },
		{ "0x1", UINT64_MAX, ERR_SYNTAX, 0 },
		{ "", UINT64_MAX, ERR_SYNTAX, 0 },
		{ "a;", UINT64_MAX, ERR_SYNTAX, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t value = 12345;
		int result = number_parse_hex(slice_str(cases[i].text), cases[i].max, &value);
		if (result != cases[i].result)
			fail_msg("'%s' gave %d", cases[i].text, result);
		assert_int_equal(value, result == OK ? cases[i].value : 12345);
	}
}

/* Only digits are digits, in either base. */
static void test_every_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		uint64_t value;
		char text = (char)c;
		bool decimal = c >= '0' && c <= '9';
		bool hex = decimal || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		int result = number_parse(slice_of(&text, 1), 99, &value);
		assert_int_equal(result, decimal ? OK : ERR_SYNTAX);
		result = number_parse_hex(slice_of(&text, 1), 99, &value);
		assert_int_equal(result, hex ? OK : ERR_SYNTAX);
	}
}

struct scaled_case {
	const char *text;
	int result;
	int64_t value;
	const char *formatted;
};

typedef int (*scaled_parse_fn)(struct slice s, int64_t *value_out);
typedef void (*scaled_format_fn)(int64_t value, char *text_out, size_t room);

static void check_scaled(
    const struct scaled_case *cases, size_t count, scaled_parse_fn parse, scaled_format_fn format)
{
	for (size_t i = 0; i < count; i++) {
		int64_t value = -5, again = -6;
		char text[24];
		int result = parse(slice_str(cases[i].text), &value);
		if (result != cases[i].result)
			fail_msg("'%s' gave %d", cases[i].text, result);
		assert_int_equal(value, result == OK ? cases[i].value : -5);
		if (result != OK)
			continue;
		format(value, text, sizeof(text));
		assert_string_equal(text, cases[i].formatted);
		assert_int_equal(parse(slice_str(text), &again), OK);
		assert_int_equal(again, value);
	}
}

static void test_duration(void **state)
{
	(void)state;
	static const struct scaled_case cases[] = {
		{ "250ms", OK, 250, "250ms" },
		{ "30s", OK, 30000, "30s" },
		{ "30", OK, 30000, "30s" },
		{ "5m", OK, 300000, "5m" },
		{ "90s", OK, 90000, "90s" },
		{ "60s", OK, 60000, "1m" },
		{ "120m", OK, 7200000, "2h" },
		{ "12h", OK, 43200000, "12h" },
		{ "1d", OK, 86400000, "1d" },
		{ "180d", OK, INT64_C(15552000000), "180d" },
		{ "1500ms", OK, 1500, "1500ms" },
		{ "0", OK, 0, "0s" },
		{ "0d", OK, 0, "0s" },
		{ "9223372036854775807ms", OK, INT64_MAX, "9223372036854775807ms" },
		{ "9223372036854775808ms", ERR_RANGE, 0, NULL },
		{ "9223372036854775s", OK, INT64_C(9223372036854775000), "9223372036854775s" },
		{ "9223372036854776s", ERR_RANGE, 0, NULL },
		{ "106751991168d", ERR_RANGE, 0, NULL },
		{ "", ERR_SYNTAX, 0, NULL },
		{ "s", ERR_SYNTAX, 0, NULL },
		{ "ms", ERR_SYNTAX, 0, NULL },
		{ "1.5s", ERR_SYNTAX, 0, NULL },
		{ "-1s", ERR_SYNTAX, 0, NULL },
		{ "1 s", ERR_SYNTAX, 0, NULL },
		{ "1S", ERR_SYNTAX, 0, NULL },
		{ "1M", ERR_SYNTAX, 0, NULL },
		{ "1w", ERR_SYNTAX, 0, NULL },
		{ "1m30s", ERR_SYNTAX, 0, NULL },
		{ "1mss", ERR_SYNTAX, 0, NULL },
		{ "99999999999999999999x", ERR_SYNTAX, 0, NULL },
	};
	check_scaled(cases, COUNT(cases), duration_parse, duration_format);
}

static void test_size(void **state)
{
	(void)state;
	static const struct scaled_case cases[] = {
		{ "16k", OK, 16384, "16k" },
		{ "16K", OK, 16384, "16k" },
		{ "10M", OK, 10485760, "10M" },
		{ "10m", OK, 10485760, "10M" },
		{ "1G", OK, 1073741824, "1G" },
		{ "1g", OK, 1073741824, "1G" },
		{ "1024", OK, 1024, "1k" },
		{ "1000", OK, 1000, "1000" },
		{ "1025k", OK, 1049600, "1025k" },
		{ "0", OK, 0, "0" },
		{ "0G", OK, 0, "0" },
		{ "9223372036854775807", OK, INT64_MAX, "9223372036854775807" },
		{ "8589934591G", OK, INT64_C(9223372035781033984), "8589934591G" },
		{ "8589934592G", ERR_RANGE, 0, NULL },
		{ "", ERR_SYNTAX, 0, NULL },
		{ "k", ERR_SYNTAX, 0, NULL },
		{ "1kb", ERR_SYNTAX, 0, NULL },
		{ "1B", ERR_SYNTAX, 0, NULL },
		{ "1T", ERR_SYNTAX, 0, NULL },
		{ "1.5M", ERR_SYNTAX, 0, NULL },
		{ "-1", ERR_SYNTAX, 0, NULL },
	};
	check_scaled(cases, COUNT(cases), size_parse, size_format);
}

static void test_format(void **state)
{
	(void)state;
	static const uint64_t values[] = { 0, 1, 9, 10, 99, 100, 4294967295u, 4294967296u,
		UINT64_MAX - 1, UINT64_MAX };
	for (size_t i = 0; i < COUNT(values); i++) {
		char text[20], expected[24];
		size_t len = number_format(values[i], text);
		int expected_len = snprintf(expected, sizeof(expected), "%" PRIu64, values[i]);
		assert_int_equal(len, expected_len);
		assert_memory_equal(text, expected, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_hexadecimal),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
