/* buf_test.c - growth, the maximum, and that a refused append changes nothing. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_holds(const struct buf *b, const char *text)
{
	assert_int_equal(b->len, strlen(text));
	assert_string_equal(b->data, text);
}

static void test_fresh_is_empty(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 10);
	assert_null(b.data);
	buf_clear(&b);
	assert_int_equal(buf_append(&b, SLICE_NONE), OK);
	assert_null(b.data);
	buf_consume(&b, 0);
	assert_int_equal(buf_peek(&b).len, 0);
	buf_fini(&b);
}

static void test_append(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 100000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_append(&b, SLICE("0123456789")), OK);
	assert_int_equal(b.len, 10000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(b.data[i], '0' + i % 10);
	assert_int_equal(b.data[b.len], '\0');
	buf_clear(&b);
	assert_holds(&b, "");
	assert_int_equal(buf_byte(&b, 'x'), OK);
	assert_holds(&b, "x");
	buf_fini(&b);
	assert_null(b.data);
	assert_int_equal(b.max, 100000);
}

/* Every maximum around the growth steps: exactly max bytes fit, not one more. */
static void test_maximum(void **state)
{
	(void)state;
	for (size_t max = 0; max < 1100; max++) {
		struct buf b;
		buf_init(&b, max);
		for (size_t i = 0; i < max; i++)
			assert_int_equal(buf_byte(&b, 'a'), OK);
		assert_int_equal(buf_byte(&b, 'b'), ERR_FULL);
		assert_int_equal(buf_printf(&b, "%d", 7), ERR_FULL);
		assert_null(buf_reserve(&b, 1));
		assert_int_equal(b.len, max);
		assert_true(b.cap <= max);
		if (max) {
			assert_int_equal(b.data[max], '\0');
			assert_int_equal(b.data[max - 1], 'a');
		}
		buf_fini(&b);
	}
}

static void test_refusal_changes_nothing(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 5);
	assert_int_equal(buf_append(&b, SLICE("abc")), OK);
	assert_int_equal(buf_append(&b, SLICE("def")), ERR_FULL);
	assert_holds(&b, "abc");
	assert_int_equal(buf_printf(&b, "%s", "def"), ERR_FULL);
	assert_holds(&b, "abc");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_holds(&b, "abc");
	assert_int_equal(buf_append(&b, SLICE("de")), OK);
	assert_holds(&b, "abcde");
	buf_fini(&b);
}

/* Also texts that need the buffer to grow between the two passes of formatting. */
static void test_printf(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 10000);
	size_t expected = 0;
	for (int width = 0; width < 140; width++) {
		assert_int_equal(buf_printf(&b, "%*s", width, ""), OK);
		expected += (size_t)width;
		assert_int_equal(b.len, expected);
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(strspn(b.data, " "), expected);
	buf_fini(&b);
}

static void test_reserve(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 300);
	assert_int_equal(buf_append(&b, SLICE("ab")), OK);
	char *at = buf_reserve(&b, 298);
	assert_non_null(at);
	memset(at, 'c', 298);
	b.len += 298;
	assert_int_equal(b.len, 300);
	assert_memory_equal(b.data, "abcc", 4);
	assert_null(buf_reserve(&b, 1));
	assert_non_null(buf_reserve(&b, 0));
	buf_fini(&b);
}

static void test_consume(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 100);
	assert_int_equal(buf_append(&b, SLICE("GET / HTTP")), OK);
	buf_consume(&b, 4);
	assert_holds(&b, "/ HTTP");
	buf_consume(&b, 0);
	assert_holds(&b, "/ HTTP");
	buf_consume(&b, 6);
	assert_holds(&b, "");
	assert_int_equal(buf_append(&b, SLICE("x")), OK);
	assert_holds(&b, "x");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fresh_is_empty),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_refusal_changes_nothing),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_consume),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
