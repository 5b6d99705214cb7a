/* source_test.c - includes, the places of lines, and files that can not be read. */
#include "support.h"

#include "config/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_place(
    const struct support *t, const struct source *s, unsigned line, const char *name, int number)
{
	char path[512];
	struct config_place at = source_place(s, line);
	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	assert_string_equal(at.file, path);
	assert_int_equal(at.line, number);
}

static void test_places(void **state)
{
	(void)state;
	struct support t;
	struct source s;
	struct arena a = { 0 };
	char path[512];
	struct config_report *report = report_new();
	support_init(&t);
	support_file(&t, "main.conf",
	    "a = 1;\n"
	    "  @include \"b.conf\" // here\n"
	    "# @include \"no.conf\"\n"
	    "/*\n"
	    "@include \"no.conf\"\n"
	    "*/ c = \"\n"
	    "@include \\\"\n"
	    "\";\r\n"
	    "@include \"d.conf\"\r\n"
	    "e = 1;");
	support_file(&t, "b.conf",
	    "\xef\xbb\xbf"
	    "b = 1;\n@include \"d.conf\"\nbb = 1;\n");
	support_file(&t, "d.conf", "d = 1;");
	snprintf(path, sizeof(path), "%s/main.conf", t.dir);
	assert_int_equal(source_read(&s, path, &a, report), OK);
	assert_string_equal(s.text.data,
	    "a = 1;\nb = 1;\nd = 1;\nbb = 1;\n# @include \"no.conf\"\n/*\n"
	    "@include \"no.conf\"\n*/ c = \"\n@include \\\"\n\";\r\n"
	    "d = 1;\ne = 1;\n");
	expect_place(&t, &s, 1, "main.conf", 1);
	expect_place(&t, &s, 2, "b.conf", 1);
	expect_place(&t, &s, 3, "d.conf", 1);
	expect_place(&t, &s, 4, "b.conf", 3);
	expect_place(&t, &s, 5, "main.conf", 3);
	expect_place(&t, &s, 11, "d.conf", 1);
	expect_place(&t, &s, 12, "main.conf", 10);
	expect_place(&t, &s, 99, "main.conf", 10);
	assert_int_equal(report_mistakes(report), 0);
	assert_false(s.broken);
	source_fini(&s);
	arena_fini(&a);
	report_free(&report);
	support_fini(&t);
}

static void test_bad_includes(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	support_file(&t, "loop.conf", "workers = 1;\n@include \"httpd.conf\"\n");
	support_file(&t, "bad.conf", "\nusr = \"x\";\n");
	support_expect(&t,
	    "@include \"loop.conf\"\n"
	    "@include missing.conf\n"
	    "@include \"missing.conf\"\n"
	    "@include \"bad.conf\"\n"
	    "@include \"bad.conf\" user = \"x\";\n"
	    "groop = \"x\";\n",
	    "bad.conf:2: unknown key 'usr' at the top level (did you mean 'user'?)\n"
	    "httpd.conf:2: an include is a line of its own: @include \"FILE\"\n"
	    "httpd.conf:3: cannot read 'missing.conf': No such file or directory\n"
	    "httpd.conf:5: an include is a line of its own: @include \"FILE\"\n"
	    "httpd.conf:6: unknown key 'groop' at the top level (did you mean 'group'?)\n"
	    "loop.conf:2: 'httpd.conf' would be included by itself\n");
	support_fini(&t);
}

static void test_depth(void **state)
{
	(void)state;
	struct support t;
	char name[32], text[64];
	support_init(&t);
	for (int i = 1; i <= 12; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		snprintf(text, sizeof(text), "@include \"%d.conf\"\n", i + 1);
		support_file(&t, name, text);
	}
	support_expect(&t, "@include \"1.conf\"\n",
	    "10.conf:1: '11.conf': includes are nested more than 10 deep\n");
	support_fini(&t);
}

static void test_unreadable(void **state)
{
	(void)state;
	struct support t;
	char path[512];
	support_init(&t);
	snprintf(path, sizeof(path), "%s/none.conf", t.dir);
	t.request.file = path;
	assert_null(support_load(&t, NULL));
	assert_string_equal(
	    support_lines(&t), "none.conf: cannot read 'none.conf': No such file or directory\n");
	t.request.file = t.dir;
	assert_null(support_load(&t, NULL));
	assert_non_null(strstr(support_lines(&t), "Is a directory"));
	support_fini(&t);
}

static void test_not_text(void **state)
{
	(void)state;
	struct support t;
	char path[512];
	support_init(&t);
	snprintf(path, sizeof(path), "%s/zero.conf", t.dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fwrite("workers = 1;\0", 1, 13, file);
	fclose(file);
	t.request.file = path;
	assert_null(support_load(&t, NULL));
	assert_string_equal(
	    support_lines(&t), "zero.conf: 'zero.conf' has NUL bytes in it: not a configuration\n");
	assert_int_equal(truncate(path, 17 << 20), 0);
	t.request.file = path;
	assert_null(support_load(&t, NULL));
	assert_string_equal(
	    support_lines(&t), "zero.conf: 'zero.conf' has more than 16 MB: not a configuration\n");
	support_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_bad_includes),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_not_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
