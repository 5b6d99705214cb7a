/* obituary_test.c - the line that tells how a worker died. */
#include "process/obituary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

enum { EXITED_1 = 1 << 8, DUMPED = 0x80 };

static struct score_slot slot;

static int setup(void **state)
{
	(void)state;
	memset(&slot, 0, sizeof(slot));
	return 0;
}

static void in_hand(int place, const char *text)
{
	slot.requests_in_hand[place].used = 1;
	slot.requests_in_hand[place].len = (uint32_t)strlen(text);
	memcpy(slot.requests_in_hand[place].text, text, strlen(text));
	slot.in_hand++;
}

static void test_cause(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *text;
	} cases[] = {
		{ SIGSEGV, "killed by SIGSEGV" },
		{ SIGSEGV | DUMPED, "killed by SIGSEGV, core dumped" },
		{ SIGKILL, "killed by SIGKILL" },
		{ 63, "killed by signal 63" },
		{ 0, "exited with status 0" },
		{ EXITED_1, "exited with status 1" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		obituary_cause(cases[i].status, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

static void test_line(void **state)
{
	(void)state;
	struct obituary o = {
		.group = "web",
		.number = 3,
		.pid = 712,
		.status = SIGSEGV,
		.age_ms = 303000,
		.replaced = true,
		.delay_ms = 200,
		.slot = &slot,
	};
	char text[1024];
	slot.connections = 17;
	obituary_write(&o, text, sizeof(text));
	assert_string_equal(text,
	    "web worker 3 (pid 712) killed by SIGSEGV after 5m 3s, 17 connections lost; "
	    "replaced in 200 ms");
	in_hand(0, "GET /x from 192.0.2.1");
	in_hand(5, "POST /y from 192.0.2.2");
	o.delay_ms = 0;
	obituary_write(&o, text, sizeof(text));
	assert_string_equal(text,
	    "web worker 3 (pid 712) killed by SIGSEGV after 5m 3s, 17 connections lost, in hand: "
	    "GET /x from 192.0.2.1, POST /y from 192.0.2.2; replaced at once");
	o.replaced = false;
	obituary_write(&o, text, sizeof(text));
	assert_null(strstr(text, "replaced"));
}

static void test_more_than_are_named(void **state)
{
	(void)state;
	struct obituary o = { .group = "web", .slot = &slot, .replaced = true };
	char text[2048];
	for (int i = 0; i < SCORE_IN_HAND; i++)
		in_hand(i, "GET / from ::1");
	slot.in_hand = 40; /* some had no place */
	obituary_write(&o, text, sizeof(text));
	assert_non_null(strstr(text, "GET / from ::1 and 32 more; replaced at once"));
}

/* The worker had gone mad before it died: its slot says anything. */
static void test_a_slot_gone_wrong(void **state)
{
	(void)state;
	struct obituary o = { .group = "web", .slot = &slot, .replaced = true, .delay_ms = 30000 };
	memset(&slot, 0xff, sizeof(slot));
	for (size_t room = 128; room < 2048; room += 7) {
		char text[2048];
		memset(text, 'x', sizeof(text));
		obituary_write(&o, text, room);
		assert_true(strlen(text) < room);
		assert_non_null(strstr(text, "; replaced in 30000 ms"));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cause, setup),
		cmocka_unit_test_setup(test_line, setup),
		cmocka_unit_test_setup(test_more_than_are_named, setup),
		cmocka_unit_test_setup(test_a_slot_gone_wrong, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
