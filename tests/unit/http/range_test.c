/*
 * range_test.c - which bytes a Range field asks for.
 */
#include "http/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static const struct {
	const char *value;
	uint64_t size;
	enum range_verdict verdict;
	const char *ranges; /* "first+length" */
} rows[] = {
	{ "bytes=0-0", 1000, RANGE_PARTIAL, "0+1 " },
	{ "bytes=0-1", 1000, RANGE_PARTIAL, "0+2 " },
	{ "bytes=300-500", 1000, RANGE_PARTIAL, "300+201 " },
	{ "bytes=300-", 1000, RANGE_PARTIAL, "300+700 " },
	{ "bytes=1000-", 1000, RANGE_UNSATISFIED, "" },
	{ "bytes=999-", 1000, RANGE_PARTIAL, "999+1 " },
	{ "bytes=-1000", 1000, RANGE_PARTIAL, "0+1000 " },
	{ "bytes=-1", 1000, RANGE_PARTIAL, "999+1 " },
	{ "bytes=-0", 1000, RANGE_UNSATISFIED, "" },
	{ "bytes=-2000", 1000, RANGE_PARTIAL, "0+1000 " },
	{ "bytes=900-2000", 1000, RANGE_PARTIAL, "900+100 " },
	{ "BYTES=0-0", 1000, RANGE_PARTIAL, "0+1 " },
	/* past 2^32, and past 2^64 */
	{ "bytes=4294967296-4294967297", 5000000000, RANGE_PARTIAL, "4294967296+2 " },
	{ "bytes=0-99999999999999999999", 10, RANGE_PARTIAL, "0+10 " },
	{ "bytes=99999999999999999999-", 10, RANGE_UNSATISFIED, "" },
	{ "bytes=-99999999999999999999", 10, RANGE_PARTIAL, "0+10 " },
	{ "bytes=0-", 0, RANGE_UNSATISFIED, "" },
	{ "bytes=-5", 0, RANGE_UNSATISFIED, "" },
	/* several */
	{ "bytes=0-0,500-599", 1000, RANGE_PARTIAL, "0+1 500+100 " },
	{ "bytes=500-599 , 0-0", 1000, RANGE_PARTIAL, "500+100 0+1 " },
	{ "bytes=0-0,2000-", 1000, RANGE_PARTIAL, "0+1 " },
	{ "bytes=2000-,3000-", 1000, RANGE_UNSATISFIED, "" },
	{ "bytes=0-99,100-199", 1000, RANGE_PARTIAL, "0+200 " },
	{ "bytes=0-99,150-199", 1000, RANGE_PARTIAL, "0+200 " },
	{ "bytes=500-599,0-9,590-700", 1000, RANGE_PARTIAL, "500+201 0+10 " },
	{ "bytes=0-9,400-409,200-209,10-399", 1000, RANGE_PARTIAL, "0+410 " },
	{ "bytes=0-9,0-9,0-9", 1000, RANGE_UNSATISFIED, "" },
	{ "bytes=0-,0-,0-,0-", 1000, RANGE_UNSATISFIED, "" },
	/* not ours to read */
	{ "bytes=", 1000, RANGE_WHOLE, "" },
	{ "bytes", 1000, RANGE_WHOLE, "" },
	{ "bytes=5", 1000, RANGE_WHOLE, "" },
	{ "bytes=-", 1000, RANGE_WHOLE, "" },
	{ "bytes=a-b", 1000, RANGE_WHOLE, "" },
	{ "bytes=5-4", 1000, RANGE_WHOLE, "" },
	{ "bytes=+1-2", 1000, RANGE_WHOLE, "" },
	{ "bytes=1-2-3", 1000, RANGE_WHOLE, "" },
	{ "bytes=0-0,x", 1000, RANGE_WHOLE, "" },
	{ "items=0-0", 1000, RANGE_WHOLE, "" },
	{ "", 1000, RANGE_WHOLE, "" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ranges ranges;
		char text[256] = "";
		enum range_verdict v = range_parse(slice_str(rows[i].value), rows[i].size, &ranges);
		for (unsigned k = 0; v == RANGE_PARTIAL && k < ranges.count; k++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%llu+%llu ",
			    (unsigned long long)ranges.list[k].first,
			    (unsigned long long)ranges.list[k].length);
		if (v != rows[i].verdict || strcmp(text, rows[i].ranges) != 0)
			fail_msg("%s of %llu: %d '%s'", rows[i].value,
			    (unsigned long long)rows[i].size, v, text);
	}
}

static void list_of(unsigned count, char *text)
{
	strcpy(text, "bytes=");
	for (unsigned i = 0; i < count; i++)
		sprintf(text + strlen(text), "%s%u-%u", i ? "," : "", i * 1000, i * 1000);
}

static void test_count(void **state)
{
	struct ranges ranges;
	char text[1024];
	(void)state;
	list_of(RANGES_MAX, text);
	assert_int_equal(range_parse(slice_str(text), 1000000, &ranges), RANGE_PARTIAL);
	assert_int_equal(ranges.count, RANGES_MAX);
	list_of(RANGES_MAX + 1, text);
	assert_int_equal(range_parse(slice_str(text), 1000000, &ranges), RANGE_UNSATISFIED);
}

static void test_format(void **state)
{
	struct byte_range range = { 4294967296, 100 };
	char text[RANGE_TEXT];
	(void)state;
	size_t len = range_format(&range, 5000000000, text);
	assert_int_equal(len, strlen(text));
	assert_string_equal(text, "bytes 4294967296-4294967395/5000000000");
	range_format(NULL, 10, text);
	assert_string_equal(text, "bytes */10");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
