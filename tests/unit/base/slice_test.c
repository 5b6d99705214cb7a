/* slice_test.c - comparing, finding, cutting. */
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define assert_slice(s, text)                                                \
	do {                                                                 \
		struct slice checked = (s);                                  \
		assert_int_equal(checked.len, strlen(text));                 \
		if (checked.len)                                             \
			assert_memory_equal(checked.ptr, text, checked.len); \
	} while (0)

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void test_compare(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool eq, eq_ci;
		int order;
	} cases[] = {
		{ "", "", true, true, 0 },
		{ "a", "", false, false, 1 },
		{ "abc", "abc", true, true, 0 },
		{ "abc", "aBC", false, true, 1 },
		{ "Content-Type", "content-type", false, true, -1 },
		{ "abc", "abd", false, false, -1 },
		{ "ab", "abc", false, false, -1 },
		/* Bit 0x20 apart, but no letters. */
		{ "@", "`", false, false, -1 },
		{ "[", "{", false, false, -1 },
		{ "_", "\x7f", false, false, -1 },
		{ "-", "\r", false, false, 1 },
		/* Latin-1 letters are not folded, and bytes compare unsigned. */
		{ "\xc4", "\xe4", false, false, -1 },
		{ "a", "\xff", false, false, -1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice a = slice_str(cases[i].a), b = slice_str(cases[i].b);
		assert_int_equal(slice_eq(a, b), cases[i].eq);
		assert_int_equal(slice_eq(b, a), cases[i].eq);
		assert_int_equal(slice_eq_ci(a, b), cases[i].eq_ci);
		assert_int_equal(slice_eq_ci(b, a), cases[i].eq_ci);
		assert_int_equal(sign(slice_cmp(a, b)), cases[i].order);
		assert_int_equal(sign(slice_cmp(b, a)), -cases[i].order);
	}
}

/* Each pair of bytes folds as ASCII letters do. */
static void test_fold_all(void **state)
{
	(void)state;
	for (int a = 0; a < 256; a++) {
		for (int b = 0; b < 256; b++) {
			int low_a = a >= 'A' && a <= 'Z' ? a + 32 : a;
			int low_b = b >= 'A' && b <= 'Z' ? b + 32 : b;
			char ca = (char)a, cb = (char)b;
			bool equal = slice_eq_ci(slice_of(&ca, 1), slice_of(&cb, 1));
			assert_int_equal(equal, low_a == low_b);
		}
	}
}

static void test_none(void **state)
{
	(void)state;
	assert_true(slice_eq(SLICE_NONE, slice_str(NULL)));
	assert_true(slice_eq(SLICE_NONE, SLICE("")));
	assert_true(slice_eq_ci(SLICE_NONE, SLICE("")));
	assert_int_equal(slice_cmp(SLICE_NONE, SLICE("")), 0);
	assert_int_equal(slice_find(SLICE_NONE, 'a'), -1);
	assert_int_equal(slice_find_last(SLICE_NONE, 'a'), -1);
	assert_true(slice_starts(SLICE_NONE, SLICE_NONE));
	assert_true(slice_ends(SLICE_NONE, SLICE_NONE));
	assert_null(slice_tail(SLICE_NONE, 3).ptr);
	assert_null(slice_trim(SLICE_NONE).ptr);
}

static void test_head_tail(void **state)
{
	(void)state;
	assert_slice(slice_head(SLICE("abc"), 2), "ab");
	assert_slice(slice_head(SLICE("abc"), 4), "abc");
	assert_slice(slice_tail(SLICE("abc"), 1), "bc");
	assert_slice(slice_tail(SLICE("abc"), 3), "");
	assert_slice(slice_tail(SLICE("abc"), 9), "");
	assert_non_null(slice_tail(SLICE("abc"), 9).ptr);
}

static void test_starts_ends(void **state)
{
	(void)state;
	static const struct {
		const char *s, *part;
		bool starts, ends;
	} cases[] = {
		{ "abcab", "ab", true, true },
		{ "abc", "bc", false, true },
		{ "abc", "abc", true, true },
		{ "abc", "abcd", false, false },
		{ "abc", "", true, true },
		{ "", "a", false, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice s = slice_str(cases[i].s), part = slice_str(cases[i].part);
		assert_int_equal(slice_starts(s, part), cases[i].starts);
		assert_int_equal(slice_ends(s, part), cases[i].ends);
	}
}

static void test_find(void **state)
{
	(void)state;
	assert_int_equal(slice_find(SLICE("a.b.c"), '.'), 1);
	assert_int_equal(slice_find_last(SLICE("a.b.c"), '.'), 3);
	assert_int_equal(slice_find(SLICE("abc"), '.'), -1);
	assert_int_equal(slice_find_last(SLICE("abc"), '.'), -1);
	assert_int_equal(slice_find(SLICE("a\0b"), 'b'), 2);
	assert_int_equal(slice_find(slice_of("abc", 2), 'c'), -1);
}

static void test_trim(void **state)
{
	(void)state;
	assert_slice(slice_trim(SLICE(" \ta b\t ")), "a b");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_slice(slice_trim(SLICE("\r\na\v")), "\r\na\v"); /* no OWS */
}

static void test_split(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *parts[4];
	} cases[] = {
		{ "a,b,c", { "a", "b", "c" } },
		{ "a,", { "a", "" } },
		{ ",a", { "", "a" } },
		{ "a", { "a" } },
		{ "", { "" } },
		{ ",", { "", "" } },
		{ "a,,b", { "a", "", "b" } },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice rest = slice_str(cases[i].text);
		size_t n = 0;
		while (rest.ptr) {
			struct slice part = slice_split(&rest, ',');
			assert_non_null(cases[i].parts[n]);
			assert_slice(part, cases[i].parts[n]);
			n++;
		}
		assert_null(cases[i].parts[n]);
	}
}

static void test_hash(void **state)
{
	(void)state;
	/* Published vectors of 32-bit FNV-1a. */
	assert_int_equal(slice_hash(SLICE("")), 0x811c9dc5u);
	assert_int_equal(slice_hash(SLICE("a")), 0xe40c292cu);
	assert_int_equal(slice_hash(SLICE("foobar")), 0xbf9cf968u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_fold_all),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_head_tail),
		cmocka_unit_test(test_starts_ends),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
