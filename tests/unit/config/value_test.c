/* value_test.c - every type: taken from text, taken from a file, refused with words, written back.
 */
#include "support.h"

#include "config/scope.h"
#include "config/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* What a value becomes, written in the file's language, or what is said of it (then with a '!'
 * before). */
struct vector {
	const char *key;
	const char *text;
	const char *result;
};

#define DURATION " is not a duration (expected \"30s\", \"5m\", \"250ms\" or seconds)"
#define SIZE " is not a size (expected \"16k\", \"10M\", \"1G\" or bytes)"
#define MODE " is not a file mode (expected octal digits in quotes, \"0660\")"
#define RATE " is not a rate (expected \"10/s\", \"600/m\", \"1000/h\" or a number a second)"
#define INT " is not a whole number (expected a number without quotes)"
#define STRING " is not a string (expected text in quotes)"

/* As in the environment. */
static const struct vector texts[] = {
	{ "truth", "true", "true" },
	{ "truth", "false", "false" },
	{ "truth", "yes", "!\"yes\" is not a truth value (expected true or false)" },
	{ "truth", "", "!\"\" is not a truth value (expected true or false)" },
	{ "number", "0", "0" },
	{ "number", "-10", "-10" },
	{ "number", "9000000000", "9000000000L" },
	{ "number", "-11", "!-11 is out of range (-10 to 9000000000)" },
	{ "number", "99999999999999999999",
	    "!99999999999999999999 is out of range (-10 to 9000000000)" },
	{ "number", "1x", "!\"1x\" is not a whole number" },
	{ "number", " 1", "!\" 1\" is not a whole number" },
	{ "number", "-", "!\"-\" is not a whole number" },
	{ "number", "--1", "!\"--1\" is not a whole number" },
	{ "ratio", "2.5", "2.5" },
	{ "ratio", "3", "3.0" },
	{ "ratio", "1e-3", "0.001" },
	{ "ratio", "0.1", "0.1" },
	{ "ratio", "10.5", "!10.5 is out of range (0 to 10)" },
	{ "ratio", "nan", "!\"nan\" is not a number" },
	{ "ratio", "0x1", "!\"0x1\" is not a number" },
	{ "ratio", "", "!\"\" is not a number" },
	{ "rate", "10/s", "\"10/s\"" },
	{ "rate", "2.5", "\"150/m\"" },
	{ "rate", "0.001234", "0.001234" }, /* no unit has it whole */
	{ "rate", "90/m", "\"90/m\"" },
	{ "rate", "1800/h", "\"30/m\"" },
	{ "rate", "21600/d", "\"15/m\"" },
	{ "rate", "1001/s", "!\"1001/s\" is out of range (0 to 1000)" },
	{ "rate", "-1/s", "!\"-1/s\"" RATE },
	{ "rate", "/s", "!\"/s\"" RATE },
	{ "rate", "10/", "!\"10/\"" RATE },
	{ "rate", "10r/s", "!\"10r/s\"" RATE },
	{ "rate", "1e2/s", "!\"1e2/s\"" RATE },
	{ "rate", " 1/s", "!\" 1/s\"" RATE },
	{ "text", "a \"b\"\n\\", "\"a \\\"b\\\"\\n\\\\\"" },
	{ "text", "\x01\xc3\xa4", "\"\\x01\xc3\xa4\"" },
	{ "text", "", "\"\"" },
	{ "duration", "250ms", "\"250ms\"" },
	{ "duration", "30", "\"30s\"" },
	{ "duration", "120s", "\"2m\"" },
	{ "duration", "1d", "\"1d\"" },
	{ "duration", "soon", "!\"soon\"" DURATION },
	{ "duration", "-1s", "!\"-1s\"" DURATION },
	{ "duration", "1.5s", "!\"1.5s\"" DURATION },
	{ "size", "16k", "\"16k\"" },
	{ "size", "1025", "1025" },
	{ "size", "8G", "\"8G\"" },
	{ "size", "9G", "!\"9G\" is out of range (0 to 8G)" },
	{ "size", "10X", "!\"10X\"" SIZE },
	{ "choice", "blue", "\"blue\"" },
	{ "choice", "gren",
	    "!\"gren\" is not one of \"red\", \"green\", \"blue\" (did you mean \"green\"?)" },
	{ "choice", "purple", "!\"purple\" is not one of \"red\", \"green\", \"blue\"" },
	{ "mode", "0660", "\"0660\"" },
	{ "mode", "644", "\"0644\"" },
	{ "mode", "1777", "\"1777\"" },
	{ "mode", "0680", "!\"0680\"" MODE },
	{ "mode", "66", "!\"66\"" MODE },
	{ "mode", "00660", "!\"00660\"" MODE },
	{ "strings", "x", "[ \"x\" ]" },
	{ "strings", "x, y ,z", "[ \"x\", \"y\", \"z\" ]" },
	{ "strings", "", "[ ]" },
	{ "ints", "404,500", "[ 404, 500 ]" },
	{ "ints", "404,5", "!5 is out of range (100 to 999)" },
	{ "ints", "404,", "!\"\" is not a whole number" },
};

/* As in the file. */
static const struct vector settings[] = {
	{ "truth", "TRUE", "true" },
	{ "truth", "1", "!1 is not a truth value (expected true or false)" },
	{ "truth", "\"true\"", "!\"true\" is not a truth value (expected true or false)" },
	{ "number", "-10", "-10" },
	{ "number", "0x10", "16" },
	{ "number", "9000000000", "9000000000L" },
	{ "number", "9000000000L", "9000000000L" },
	{ "number", "9000000001L", "!9000000001 is out of range (-10 to 9000000000)" },
	{ "number", "-3000000000", "!-3000000000 is out of range (-10 to 9000000000)" },
	{ "number", "\"5\"", "!\"5\"" INT },
	{ "number", "5.0", "!5" INT },
	{ "number", "true", "!true" INT },
	{ "number", "{ }", "!a group" INT },
	{ "number", "[ 1 ]", "!an array" INT },
	{ "number", "( 1 )", "!a list" INT },
	{ "ratio", "2", "2.0" },
	{ "ratio", "2.25", "2.25" },
	{ "ratio", "-0.5", "!-0.5 is out of range (0 to 10)" },
	{ "ratio", "\"2.0\"", "!\"2.0\" is not a number (expected a number without quotes, 2.5)" },
	{ "rate", "10", "\"10/s\"" },
	{ "rate", "0.5", "\"30/m\"" },
	{ "rate", "\"60/m\"", "\"1/s\"" },
	{ "rate", "-1", "!-1 is out of range (0 to 1000)" },
	{ "rate", "true", "!true" RATE },
	{ "text", "\"a\" \"b\"", "\"ab\"" },
	{ "text", "\"tab\\there\"", "\"tab\\there\"" },
	{ "text", "12", "!12" STRING },
	{ "text", "true", "!true" STRING },
	{ "text", "[ \"a\" ]", "!an array" STRING },
	{ "duration", "30", "\"30s\"" },
	{ "duration", "\"5m\"", "\"5m\"" },
	{ "duration", "-1", "!-1 is out of range" },
	{ "duration", "9223372036854775807L", "!9223372036854775807 is out of range" },
	{ "duration", "1.5", "!1.5" DURATION },
	{ "duration", "\"soon\"", "!\"soon\"" DURATION },
	{ "size", "5000000000", "5000000000" },
	{ "size", "\"10M\"", "\"10M\"" },
	{ "size", "9000000000", "!9000000000 is out of range (0 to 8G)" },
	{ "size", "-1", "!-1 is out of range (0 to 8G)" },
	{ "choice", "\"red\"", "\"red\"" },
	{ "choice", "1", "!1 is not a choice (expected one of the words in quotes)" },
	{ "mode", "\"0600\"", "\"0600\"" },
	{ "mode", "0600", "!600" MODE },
	{ "strings", "[ \"a\", \"b\" ]", "[ \"a\", \"b\" ]" },
	{ "strings", "( \"a\", \"b\" )", "[ \"a\", \"b\" ]" },
	{ "strings", "\"a,b\"", "[ \"a,b\" ]" },
	{ "strings", "[ ]", "[ ]" },
	{ "strings", "[ \"a\", 1 ]", "!1" STRING },
	{ "strings", "5", "!5" STRING },
	{ "strings", "{ }", "!a group is not a list of strings (expected [ \"a\", \"b\" ])" },
	{ "ints", "[ 404 ]", "[ 404 ]" },
	{ "ints", "404", "[ 404 ]" },
	{ "ints", "( 404, \"500\" )", "!\"500\"" INT },
	{ "ints", "[ 404, 1000 ]", "!1000 is out of range (100 to 999)" },
	{ "inner", "5", "!5" STRING ", or { key = value; }" },
	{ "inner", "[ 1 ]", "!an array is not a group (expected { key = value; })" },
	{ "many", "{ }", "!a group is not a list of groups (expected ( { ... }, { ... } ))" },
	{ "many", "5", "!5 is not a list of groups (expected ( { ... }, { ... } ))" },
};

static void test_texts(void **state)
{
	(void)state;
	struct arena a = { 0 };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const struct vector *v = &texts[i];
		char why[VALUE_WHY_MAX] = "";
		const struct key *key = key_find(&all_group, v->key);
		void *before = group_defaults(&a, &all_group);
		void *after = group_defaults(&a, &all_group);
		memcpy(after, before, all_group.size);
		if (value_from_text(key, v->text, &a, after, why) == OK) {
			struct buf out;
			buf_init(&out, 4096);
			value_write(key, after, &out);
			assert_string_equal(out.data, v->result);
			buf_fini(&out);
		} else {
			assert_string_equal(why, v->result + (v->result[0] == '!'));
			assert_int_equal(v->result[0], '!');
			assert_memory_equal(before, after, all_group.size);
		}
	}
	arena_fini(&a);
}

static const void *global_all(const struct snapshot *s)
{
	return config_settings(s->global, &all_group);
}

/* What was taken from the file is the same when it is written and read once more. */
static void expect_again(struct support *t, const struct key *key, const char *written)
{
	char text[1024];
	struct buf out;
	snprintf(text, sizeof(text), "all = { %s = %s; };", key->name, written);
	assert_non_null(support_load(t, text));
	buf_init(&out, 4096);
	value_write(key, global_all(t->snapshot), &out);
	assert_string_equal(out.data, written);
	buf_fini(&out);
}

static void test_settings(void **state)
{
	(void)state;
	struct support t;
	support_init(&t);
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const struct vector *v = &settings[i];
		char text[1024];
		const struct key *key = key_find(&all_group, v->key);
		snprintf(text, sizeof(text), "all = { %s = %s; };", v->key, v->text);
		support_load(&t, text);
		if (v->result[0] == '!') {
			snprintf(text, sizeof(text), "httpd.conf:1: all.%s: %s\n", v->key,
			    v->result + 1);
			assert_string_equal(support_lines(&t), text);
			continue;
		}
		assert_string_equal(support_lines(&t), "");
		struct buf out;
		buf_init(&out, 4096);
		value_write(key, global_all(t.snapshot), &out);
		assert_string_equal(out.data, v->result);
		buf_fini(&out);
		expect_again(&t, key, v->result);
	}
	support_fini(&t);
}

static void test_quote_is_short(void **state)
{
	(void)state;
	char in[200], out[256];
	memset(in, '\x01', sizeof(in));
	in[sizeof(in) - 1] = '\0';
	value_quote(in, out, sizeof(out));
	assert_true(strlen(out) < sizeof(out));
	assert_string_equal(out + strlen(out) - 4, "...\"");
	value_quote("", out, sizeof(out));
	assert_string_equal(out, "\"\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_quote_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
