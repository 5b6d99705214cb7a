/* arena_test.c - alignment, large allocations, the free list, poisoning. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#endif

static void test_fresh_holds_nothing(void **state)
{
	(void)state;
	struct arena zero = { 0 }, a;
	arena_init(&a);
	assert_memory_equal(&a, &zero, sizeof(a));
	arena_fini(&a);
	assert_null(a.blocks);
	arena_fini(&a);
}

static void test_alignment(void **state)
{
	(void)state;
	struct arena a = { 0 };
	for (size_t size = 0; size < 600; size++) {
		char *bytes = arena_bytes(&a, size % 7);
		memset(bytes, 1, size % 7);
		char *p = arena_alloc(&a, size);
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 2, size);
	}
	arena_fini(&a);
}

/* Sizes around a block's, between small ones: nothing overlaps. */
static void test_sizes_do_not_overlap(void **state)
{
	(void)state;
	enum { N = 40 };
	struct arena a = { 0 };
	unsigned char *large[N], *small[N];
	for (int i = 0; i < N; i++) {
		large[i] = arena_alloc(&a, (size_t)(4040 + i));
		memset(large[i], i, (size_t)(4040 + i));
		small[i] = arena_alloc(&a, 33);
		memset(small[i], 100 + i, 33);
	}
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < 4040 + i; j++)
			assert_int_equal(large[i][j], i);
		for (int j = 0; j < 33; j++)
			assert_int_equal(small[i][j], 100 + i);
	}
	arena_fini(&a);
}

/* A large allocation does not end the block that is in use. */
static void test_large_keeps_block(void **state)
{
	(void)state;
	struct arena a = { 0 };
	char *first = arena_bytes(&a, 10);
	memset(arena_alloc(&a, 1000000), 7, 1000000);
	char *second = arena_bytes(&a, 10);
	assert_ptr_equal(second, first + 10);
	arena_fini(&a);
}

static void test_large_first(void **state)
{
	(void)state;
	struct arena a = { 0 };
	memset(arena_alloc(&a, 100000), 7, 100000);
	memset(arena_alloc(&a, 10), 7, 10);
	memset(arena_alloc(&a, 100000), 7, 100000);
	arena_fini(&a);
}

static void test_block_is_reused(void **state)
{
	(void)state;
	struct arena a = { 0 };
	char *first = arena_alloc(&a, 100);
	arena_fini(&a);
	char *again = arena_alloc(&a, 100);
	assert_ptr_equal(first, again);
	arena_fini(&a);
	arena_trim();
	arena_trim();
}

/* More blocks than the free list takes. */
static void test_many_blocks(void **state)
{
	(void)state;
	struct arena a = { 0 };
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++)
			memset(arena_alloc(&a, 3000), 1, 3000);
		arena_fini(&a);
	}
	arena_trim();
}

static void test_poison(void **state)
{
	(void)state;
#ifdef ARENA_POISONS
	struct arena a = { 0 };
	char *p = arena_alloc(&a, 48);
	assert_false(__asan_address_is_poisoned(p + 47));
	assert_true(__asan_address_is_poisoned(p + 48));
	arena_fini(&a);
	assert_true(__asan_address_is_poisoned(p));
	char *big = arena_alloc(&a, 10000);
	assert_false(__asan_address_is_poisoned(big + 9999));
	arena_fini(&a);
#else
	skip();
#endif
}

static void test_zalloc(void **state)
{
	(void)state;
	static const char zero[500];
	struct arena a = { 0 };
	memset(arena_alloc(&a, 4000), 0xff, 4000);
	arena_fini(&a);
	assert_memory_equal(arena_zalloc(&a, sizeof(zero)), zero, sizeof(zero));
	arena_fini(&a);
}

static void test_copies(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct slice s = arena_dup(&a, slice_of("abcdef", 3));
	assert_int_equal(s.len, 3);
	assert_string_equal(s.ptr, "abc");
	s = arena_dup(&a, SLICE_NONE);
	assert_int_equal(s.len, 0);
	assert_string_equal(s.ptr, "");
	assert_string_equal(arena_strdup(&a, "xyz"), "xyz");
	assert_string_equal(arena_strdup(&a, ""), "");
	arena_fini(&a);
}

/* Lengths around the draft on the stack and around a block. */
static void test_printf(void **state)
{
	(void)state;
	static const int widths[] = { 0, 1, 254, 255, 256, 257, 4063, 4064, 4065, 20000 };
	struct arena a = { 0 };
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		char *text = arena_printf(&a, "%*s", widths[i], "");
		assert_int_equal(strlen(text), widths[i]);
		assert_int_equal(strspn(text, " "), widths[i]);
	}
	assert_string_equal(arena_printf(&a, "%d%s", 12, "ab"), "12ab");
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fresh_holds_nothing),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_sizes_do_not_overlap),
		cmocka_unit_test(test_large_keeps_block),
		cmocka_unit_test(test_large_first),
		cmocka_unit_test(test_block_is_reused),
		cmocka_unit_test(test_many_blocks),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_zalloc),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_printf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
