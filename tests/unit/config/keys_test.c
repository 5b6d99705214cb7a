/* keys_test.c - the list of all keys, and that the core's rows are sound. */
#include "support.h"

#include "config/scope.h"
#include "config/value.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void on_name(void *ctx, const char *name, const struct key *key)
{
	assert_non_null(key->name);
	assert_int_equal(buf_printf(ctx, " %s ", name), OK);
}

static void test_names(void **state)
{
	(void)state;
	static const char *const wanted[] = { " workers ", " listen ", " sites ", " listen.port ",
		" limits.connections ", " sites.names ", " sites.routes ", " routes.path ",
		" files.index ", " sites.allow ", " all.inner.interval ", " all.many.path " };
	struct support t;
	struct buf names;
	support_init(&t);
	buf_init(&names, 1 << 16);
	config_keys_list(t.request.groups, on_name, &names);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		const char *first = strstr(names.data, wanted[i]);
		assert_non_null(first);
		assert_null(strstr(first + 1, wanted[i]));
	}
	assert_null(strstr(names.data, "sites.routes."));
	buf_fini(&names);
	support_fini(&t);
}

static void on_row(void *ctx, const char *name, const struct key *key)
{
	struct arena a = { 0 };
	char why[VALUE_WHY_MAX], room[64] = { 0 };
	struct key row = *key;
	(void)ctx;
	for (const char *c = name; *c; c++)
		assert_true(islower((unsigned char)*c) || *c == '_' || *c == '.' ||
			    isdigit((unsigned char)*c));
	assert_non_null(key->help);
	assert_true(key->help[strlen(key->help) - 1] != '.');
	assert_true(key->min <= key->max);
	assert_int_equal(key->choices != NULL, key->type == KEY_CHOICE);
	row.offset = 0;
	if (key->def)
		assert_int_equal(value_from_text(&row, key->def, &a, room, why), OK);
	arena_fini(&a);
}

static void test_rows(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	config_keys_list(t.request.groups, on_row, NULL);
	support_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
