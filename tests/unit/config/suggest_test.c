/* suggest_test.c - edit distances, and which names are near enough. */
#include "config/suggest.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *a, *b;
	unsigned distance;
} distances[] = {
	{ "", "", 0 }, { "", "abc", 3 }, { "abc", "", 3 }, { "root", "root", 0 },
	{ "rot", "root", 1 }, { "rooot", "root", 1 }, { "riot", "root", 1 }, { "orot", "root", 1 },
	{ "ROOT", "root", 0 }, { "listne", "listen", 1 }, { "certifcate", "certificate", 1 },
	{ "kitten", "sitting", 3 }, { "ca", "abc", 3 }, /* each place is edited once */
};

static void test_distances(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++) {
		assert_int_equal(
		    suggest_distance(distances[i].a, distances[i].b), distances[i].distance);
		assert_int_equal(
		    suggest_distance(distances[i].b, distances[i].a), distances[i].distance);
	}
}

static void test_long_names_are_far(void **state)
{
	(void)state;
	char name[66];
	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	assert_int_equal(suggest_distance(name, name), 0);
	name[64] = 'a';
	name[65] = '\0';
	assert_int_equal(suggest_distance(name, name), UINT_MAX);
}

static const char *const known[] = { "user", "group", "workers", "listen", "sites", "limits",
	"timeouts", "mime_types", "log", NULL };

static const struct {
	const char *wrong, *name;
} suggestions[] = {
	{ "usr", "user" },
	{ "worker", "workers" },
	{ "listener", "listen" },
	{ "site", "sites" },
	{ "limit", "limits" },
	{ "timeout", "timeouts" },
	{ "mimetypes", "mime_types" },
	{ "mime-type", "mime_types" },
	{ "lgo", "log" },
	{ "time", "timeouts" },
	{ "error_log", NULL }, /* three letters are chance */
	{ "max_workers", "workers" },
	{ "upstreams", NULL },
	{ "ased", NULL }, /* two of four letters */
	{ "tls", NULL },
	{ "x", NULL },
	{ "", NULL },
};

static void test_suggestions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(suggestions) / sizeof(*suggestions); i++) {
		struct suggestion s;
		suggest_start(&s, suggestions[i].wrong);
		for (const char *const *k = known; *k; k++)
			suggest_try(&s, *k);
		if (suggestions[i].name)
			assert_string_equal(s.name, suggestions[i].name);
		else
			assert_null(s.name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distances),
		cmocka_unit_test(test_long_names_are_far),
		cmocka_unit_test(test_suggestions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
