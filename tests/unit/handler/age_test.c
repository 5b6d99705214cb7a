/*
 * age_test.c - how long clients may keep files, by type and by a digest in the name.
 */
#include "handler/file_age.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_fingerprints(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} rows[] = {
		{ "app.3f2a9c1b.js", true },
		{ "app-3f2a9c1b7d.css", true },
		{ "index-BkX3d9aQ.js", true },
		{ "index-DiwrgTda.css", true },
		{ "chunk-5VMZQOXR.js", true },
		{ "a.b.0123456789abcdef.woff2", true },
		{ "app.js", false },
		{ "app", false },
		{ ".3f2a9c1b", false },
		{ "3f2a9c1b.js", false },
		{ "app.3f2a9c1.js", false },
		{ "photo-20240131.jpg", false },
		{ "photo-20240131", false },
		{ "my-Holidays.jpg", false },
		{ "my-vacation2.jpg", false },
		{ "my-deadbeef.txt", false },
		{ "jquery-3.7.1.min.js", false },
		{ "app-.js", false },
		{ "index-BkX3d9aQx.js", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (file_age_fingerprinted(slice_str(rows[i].name)) != rows[i].is)
			fail_msg("%s: expected %d", rows[i].name, rows[i].is);
}

static void test_values(void **state)
{
	static const char *images[] = { "image/*", "font/woff2" };
	static const char *pages[] = { "text/html" };
	struct files_age rows[] = {
		{ { images, 2 }, 86400000 },
		{ { pages, 1 }, 0 },
	};
	struct files_settings settings = { .max_age = 60000, .ages = { rows, NULL, 2 } };
	struct file_ages ages;
	struct arena arena;
	(void)state;
	arena_init(&arena);
	file_ages_prepare(&ages, &settings, &arena);
	static const struct {
		const char *name, *type, *wanted;
	} cases[] = {
		{ "a.png", "image/png", "max-age=86400" },
		{ "a.woff2", "font/woff2", "max-age=86400" },
		{ "a.ttf", "font/ttf", "max-age=60" },
		{ "a.html", "text/html; charset=utf-8", "" },
		{ "a.txt", "text/plain; charset=utf-8", "max-age=60" },
		{ "app.3f2a9c1b.js", "text/javascript", "max-age=60" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice got =
		    file_age_of(&ages, slice_str(cases[i].name), slice_str(cases[i].type));
		assert_true(slice_eq(got, slice_str(cases[i].wanted)));
	}
	settings.immutable = true;
	file_ages_prepare(&ages, &settings, &arena);
	assert_true(slice_eq(file_age_of(&ages, SLICE("app.3f2a9c1b.png"), SLICE("image/png")),
	    SLICE("max-age=31536000, immutable")));
	assert_true(slice_eq(
	    file_age_of(&ages, SLICE("app.png"), SLICE("image/png")), SLICE("max-age=86400")));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fingerprints),
		cmocka_unit_test(test_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
