/* compare_test.c - which changes need a restart. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void on_key(void *ctx, const char *key)
{
	assert_int_equal(buf_printf(ctx, "%s ", key), OK);
}

static const struct {
	const char *running, *wanted, *keys;
} vectors[] = {
	{ "", "", "" },
	{ "", "workers = 2; log = { level = \"debug\"; }; limits = { body = 1; };", "" },
	{ "pid_file = \"/a\";", "pid_file = \"/a\"; workers = 2;", "" },
	{ "pid_file = \"/a\";", "pid_file = \"/b\";", "pid_file " },
	{ "", "pid_file = \"/b\";", "pid_file " },
	{ "control = \"/a\";", "", "control " },
	{ "user = \"a\"; group = \"g\";",
	    "user = \"b\"; group = \"h\"; control = \"/c\"; pid_file = \"/p\";",
	    "user group pid_file control " },
	{ "listen = ( { port = 80; } );", "listen = ( { port = 81; backlog = 1; } );", "" },
};

static void test_vectors(void **state)
{
	(void)state;
	struct support a, b;
	support_init(&a);
	support_init(&b);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct buf keys;
		buf_init(&keys, 1024);
		assert_non_null(support_load(&a, vectors[i].running));
		assert_non_null(support_load(&b, vectors[i].wanted));
		config_compare(a.snapshot, b.snapshot, on_key, &keys);
		assert_string_equal(keys.len ? keys.data : "", vectors[i].keys);
		buf_fini(&keys);
	}
	support_fini(&a);
	support_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
