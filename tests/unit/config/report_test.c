/* report_test.c - the order and the form of what is reported. */
#include "config/report.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void collect(void *ctx, bool mistake, const char *place, const char *text)
{
	struct buf *out = ctx;
	assert_int_equal(
	    buf_printf(out, "%c %s%s%s\n", mistake ? 'M' : 'W', place, report_kind(mistake), text),
	    OK);
}

static void test_order(void **state)
{
	(void)state;
	struct config_report *r = report_new();
	struct buf out;
	buf_init(&out, 4096);
	char name[] = "b.conf"; /* the report keeps copies */
	report_warning(r, (struct config_place){ .source = "environment" }, "late");
	report_mistake(r, (struct config_place){ name, 12, NULL }, "twelve");
	report_mistake(r, (struct config_place){ name, 2, NULL }, "two, first");
	report_warning(r, (struct config_place){ name, 2, NULL }, "two, %s", "second");
	report_mistake(r, (struct config_place){ "a.conf", 99, NULL }, "other file");
	report_mistake(r, (struct config_place){ name, 0, NULL }, "whole file");
	report_mistake(r, (struct config_place){ 0 }, "nowhere");
	name[0] = 'x';
	report_each(r, collect, &out);
	assert_string_equal(out.data, "M a.conf:99: other file\n"
				      "M b.conf: whole file\n"
				      "M b.conf:2: two, first\n"
				      "W b.conf:2: warning: two, second\n"
				      "M b.conf:12: twelve\n"
				      "W environment: warning: late\n"
				      "M nowhere\n");
	assert_int_equal(report_mistakes(r), 5);
	assert_int_equal(report_warnings(r), 2);
	report_free(&r);
	assert_null(r);
	buf_fini(&out);
}

static void test_one_line_each(void **state)
{
	(void)state;
	struct config_report *r = report_new();
	struct buf out;
	buf_init(&out, 1 << 20);
	char huge[8000];
	memset(huge, 'x', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	report_mistake(r, (struct config_place){ "f", 1, NULL }, "a\nb\x1b[31m");
	report_each(r, collect, &out);
	assert_string_equal(out.data, "M f:1: a?b?[31m\n");
	for (int i = 0; i < 100; i++)
		report_mistake(r, (struct config_place){ "f", 1, NULL }, "%s", huge);
	assert_int_equal(report_mistakes(r), 101);
	report_free(&r);
	report_free(&r);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_one_line_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
