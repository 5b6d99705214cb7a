/* lexer_test.c - the kinds of words and the lines they stand in. */
#include "config/lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *text;
	enum token_kind kind;
} words[] = {
	{ "name", TOKEN_NAME },
	{ "a-b_c9*", TOKEN_NAME },
	{ "*", TOKEN_NAME },
	{ "yes", TOKEN_NAME },
	{ "true", TOKEN_BOOL },
	{ "FALSE", TOKEN_BOOL },
	{ "truely", TOKEN_NAME },
	{ "0", TOKEN_INT },
	{ "-5", TOKEN_INT },
	{ "+5", TOKEN_INT },
	{ "2147483647", TOKEN_INT },
	{ "2147483648", TOKEN_LONG },
	{ "2147483648L", TOKEN_INT },
	{ "1LL", TOKEN_INT },
	{ "1LLL", TOKEN_OTHER },
	{ "0xff", TOKEN_INT },
	{ "0xFFFFFFFF", TOKEN_LONG },
	{ "0x", TOKEN_OTHER },
	{ "0xg", TOKEN_OTHER },
	{ "99999999999999999999", TOKEN_OTHER },
	{ "1.5", TOKEN_FLOAT },
	{ ".5", TOKEN_FLOAT },
	{ "5.", TOKEN_FLOAT },
	{ "-1e9", TOKEN_FLOAT },
	{ "1.0E-3", TOKEN_FLOAT },
	{ "1e", TOKEN_OTHER },
	{ ".", TOKEN_OTHER },
	{ "1.2.3", TOKEN_OTHER },
	{ "30s", TOKEN_OTHER },
	{ "/srv/www", TOKEN_OTHER },
	{ "example.org", TOKEN_OTHER },
	{ "@include", TOKEN_OTHER },
	{ "\"a \\\" b\"", TOKEN_STRING },
	{ "\"\"", TOKEN_STRING },
	{ "\"open", TOKEN_OTHER },
	{ "\"open\\\"", TOKEN_OTHER },
	{ "{", TOKEN_MARK },
	{ ":", TOKEN_MARK },
	{ "", TOKEN_END },
	{ "# comment", TOKEN_END },
	{ "// comment", TOKEN_END },
	{ "/* never closed", TOKEN_END },
	{ "/*/", TOKEN_END },
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct lexer l = { slice_str(words[i].text), 1 };
		struct token t = lexer_next(&l);
		if (t.kind != words[i].kind)
			print_error("%s\n", words[i].text);
		assert_int_equal(t.kind, words[i].kind);
		if (t.kind != TOKEN_END)
			assert_true(slice_eq(t.text, slice_str(words[i].text)));
		assert_int_equal(lexer_next(&l).kind, TOKEN_END);
	}
}

static void test_lines(void **state)
{
	(void)state;
	struct lexer l = { SLICE("a = # x\n/* y\n*/ \"1\n2\" ;\r\n\tb"), 1 };
	static const struct {
		const char *text;
		unsigned line, last;
	} tokens[] = {
		{ "a", 1, 1 },
		{ "=", 1, 1 },
		{ "\"1\n2\"", 3, 4 },
		{ ";", 4, 4 },
		{ "b", 5, 5 },
		{ "", 5, 5 },
	};
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		struct token t = lexer_next(&l);
		assert_true(slice_eq(t.text, slice_str(tokens[i].text)));
		assert_int_equal(t.line, tokens[i].line);
		assert_int_equal(t.last, tokens[i].last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
