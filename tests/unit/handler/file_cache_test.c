/*
 * file_cache_test.c - bounds, and who stays when there is no more room.
 */
#include "handler/file_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static const struct files route = { .id = 1 };

static uint64_t hash_of(const char *path)
{
	return file_cache_hash(route.id, slice_str(path));
}

static struct file_entry *find(const char *path)
{
	return file_cache_find(hash_of(path), route.id, slice_str(path));
}

static void put(const char *path, enum file_kind kind, uint64_t now_ms)
{
	struct file_found found = { .fd = -1, .kind = kind };
	struct file_entry *e = file_entry_new(&route, slice_str(path), &found);
	file_cache_put(e, hash_of(path), now_ms);
	owner_release(&e->owner);
}

static void limit(unsigned entries, size_t bytes, unsigned descriptors)
{
	struct file_cache_limits limits = { entries, bytes, descriptors };
	file_cache_init(&limits);
}

static void test_finds(void **state)
{
	(void)state;
	limit(100, 1 << 20, 10);
	assert_null(find("a"));
	put("a", FILE_DIRECTORY, 1000);
	put("", FILE_LISTING, 1000);
	assert_int_equal(find("a")->kind, FILE_DIRECTORY);
	assert_int_equal(find("")->kind, FILE_LISTING);
	assert_null(file_cache_find(hash_of("a"), 2, SLICE("a")));
	put("a", FILE_MISSING, 1000); /* takes its place */
	assert_int_equal(find("a")->kind, FILE_MISSING);
	assert_int_equal(file_cache_use().entries, 2);
	file_cache_drop(find("a"));
	assert_null(find("a"));
	file_cache_fini();
	assert_null(find(""));
}

static void test_fresh(void **state)
{
	(void)state;
	limit(100, 1 << 20, 10);
	put("a", FILE_DIRECTORY, 5000);
	assert_true(file_cache_fresh(find("a"), 5000));
	assert_true(file_cache_fresh(find("a"), 5999));
	assert_false(file_cache_fresh(find("a"), 6000));
	file_cache_confirm(find("a"), 6000);
	assert_true(file_cache_fresh(find("a"), 6500));
	file_cache_fini();
}

static void test_failures_are_not_kept(void **state)
{
	(void)state;
	limit(100, 1 << 20, 10);
	put("a", FILE_FAILED, 0);
	assert_null(find("a"));
	file_cache_fini();
}

static void fill(const char *prefix, unsigned from, unsigned to, enum file_kind kind)
{
	for (unsigned i = from; i < to; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%s%u", prefix, i);
		put(name, kind, 0);
	}
}

static void test_bounds(void **state)
{
	(void)state;
	limit(10, 1 << 20, 10);
	fill("f", 0, 25, FILE_DIRECTORY);
	assert_int_equal(file_cache_use().entries, 10);
	assert_null(find("f14"));
	assert_non_null(find("f15"));
	limit(1000, 4000, 10);
	fill("f", 0, 100, FILE_DIRECTORY);
	assert_in_range(file_cache_use().bytes, 1, 4000);
	assert_non_null(find("f99"));
	limit(0, 0, 0);
	fill("f", 0, 3, FILE_DIRECTORY);
	assert_int_equal(file_cache_use().entries, 0);
	assert_int_equal(file_cache_use().bytes, 0);
	file_cache_fini();
}

/* What hangs on an entry counts as its own: it comes and goes with it. */
static void test_carried(void **state)
{
	(void)state;
	limit(10, 10000, 3);
	fill("f", 0, 3, FILE_DIRECTORY);
	size_t bare = file_cache_use().bytes;
	file_cache_carry(find("f1"), 1000, 2);
	assert_int_equal(file_cache_use().bytes, bare + 1000);
	assert_int_equal(file_cache_use().descriptors, 2);
	file_cache_carry(find("f1"), 500, 1);
	assert_int_equal(file_cache_use().bytes, bare + 500);
	assert_int_equal(file_cache_use().descriptors, 1);
	file_cache_drop(find("f1"));
	assert_in_range(file_cache_use().bytes, 1, bare - 1);
	assert_int_equal(file_cache_use().descriptors, 0);
	file_cache_carry(find("f2"), 9000, 0); /* the oldest has to go */
	assert_null(find("f0"));
	assert_non_null(find("f2"));
	file_cache_carry(find("f2"), 11000, 0); /* and in the end it is too much itself */
	assert_int_equal(file_cache_use().entries, 0);
	assert_int_equal(file_cache_use().bytes, 0);
	put("f", FILE_DIRECTORY, 0);
	file_cache_carry(find("f"), 0, 4);
	assert_int_equal(file_cache_use().descriptors, 0);
	file_cache_fini();
}

/* A crowd that asks for each thing once does not drive out what was asked for again; nor do paths
 * that lead nowhere. */
static void test_crowd(void **state)
{
	(void)state;
	limit(100, 1 << 20, 10);
	fill("hot", 0, 50, FILE_DIRECTORY);
	for (unsigned i = 0; i < 50; i++) {
		char name[16];
		snprintf(name, sizeof(name), "hot%u", i);
		file_cache_confirm(find(name), 2000);
	}
	assert_int_equal(file_cache_use().proven, 50);
	fill("once", 0, 1000, FILE_DIRECTORY);
	fill("missing", 0, 1000, FILE_MISSING);
	assert_non_null(find("hot0"));
	assert_non_null(find("hot49"));
	assert_int_equal(file_cache_use().entries, 100);
	put("missing999", FILE_MISSING, 0);
	file_cache_confirm(find("missing999"), 2000);
	assert_int_equal(file_cache_use().proven, 50);
	file_cache_fini();
}

/* The protected part is bounded, too: its oldest go back on probation. */
static void test_protected_share(void **state)
{
	(void)state;
	limit(10, 1 << 20, 10);
	fill("f", 0, 10, FILE_DIRECTORY);
	for (unsigned i = 0; i < 10; i++) {
		char name[16];
		snprintf(name, sizeof(name), "f%u", i);
		file_cache_confirm(find(name), 2000);
	}
	assert_int_equal(file_cache_use().proven, 8);
	assert_int_equal(file_cache_use().entries, 10);
	put("new", FILE_DIRECTORY, 2000);
	assert_null(find("f0"));
	assert_non_null(find("f9"));
	assert_non_null(find("new"));
	file_cache_fini();
}

static void test_hash(void **state)
{
	(void)state;
	/* Each byte and each position counts. */
	static const char *const texts[] = { "", "a", "b", "ab", "ba", "abcdefgh", "abcdefgi",
		"abcdefghi", "abcdefghj", "bcdefghia" };
	enum { COUNT = sizeof(texts) / sizeof(*texts) };
	for (int i = 0; i < COUNT; i++)
		for (int k = 0; k < i; k++)
			assert_true(hash_of(texts[i]) != hash_of(texts[k]));
	assert_true(file_cache_hash(1, SLICE("a")) != file_cache_hash(2, SLICE("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_failures_are_not_kept),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_carried),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_protected_share),
		cmocka_unit_test(test_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
