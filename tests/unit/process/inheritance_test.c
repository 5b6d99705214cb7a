/* inheritance_test.c - what a master tells its successor. */
#include "process/upgrade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_there_and_back(void **state)
{
	(void)state;
	static const struct inheritance cases[] = {
		{ .channel = 7, .board = 8, .log = 9, .generation = 12, .count = 0 },
		{ .channel = 7,
		    .board = 8,
		    .log = -1,
		    .facility = 24,
		    .generation = 1,
		    .detached = true,
		    .count = 1,
		    .listeners = { 3 } },
		{ .channel = 7,
		    .board = 0,
		    .log = 2,
		    .activated = true,
		    .count = 3,
		    .listeners = { 10, 11, 2000 } },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct inheritance *in = &cases[i];
		struct inheritance out;
		char text[512];
		assert_int_equal(inheritance_format(in, text, sizeof(text)), OK);
		assert_int_equal(inheritance_parse(text, &out), OK);
		assert_int_equal(out.channel, in->channel);
		assert_int_equal(out.board, in->board);
		assert_int_equal(out.log, in->log);
		assert_int_equal(out.facility, in->facility);
		assert_int_equal(out.generation, in->generation);
		assert_int_equal(out.detached, in->detached);
		assert_int_equal(out.activated, in->activated);
		assert_int_equal(out.count, in->count);
		assert_memory_equal(out.listeners, in->listeners, in->count * sizeof(int));
	}
}

static void test_another_version(void **state)
{
	(void)state;
	struct inheritance out;
	assert_int_equal(inheritance_parse("future=5;listeners=4,5;channel=3", &out), OK);
	assert_int_equal(out.channel, 3);
	assert_int_equal(out.board, -1);
	assert_int_equal(out.log, -1);
	assert_int_equal(out.count, 2);
}

static void test_rubbish(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"",
		"channel",
		"channel=",
		"channel=x",
		"channel=-1",
		"channel=99999999999",
		"board=1",
		"channel=1;;",
		"channel=1;listeners=a",
		"channel=1;listeners=1,,2",
		"channel=1;listeners=1 2",
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct inheritance out;
		if (inheritance_parse(cases[i], &out) != ERR_SYNTAX)
			fail_msg("'%s' was taken", cases[i]);
	}
}

static void test_bounds(void **state)
{
	(void)state;
	static struct inheritance in, out;
	static char text[16 * UPGRADE_LISTENERS];
	in = (struct inheritance){ .channel = 5, .count = UPGRADE_LISTENERS };
	for (int i = 0; i < UPGRADE_LISTENERS; i++)
		in.listeners[i] = 1000000 + i;
	assert_int_equal(inheritance_format(&in, text, 64), ERR_FULL);
	assert_int_equal(inheritance_format(&in, text, sizeof(text)), OK);
	assert_int_equal(inheritance_parse(text, &out), OK);
	assert_int_equal(out.count, UPGRADE_LISTENERS);
	strcat(text, ",1");
	assert_int_equal(inheritance_parse(text, &out), ERR_SYNTAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_another_version),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
