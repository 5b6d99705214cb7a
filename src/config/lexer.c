/*
 * lexer.c - cuts the text of a configuration into words, as libconfig's scanner does.
 */
#include "config/lexer.h"

#include "base/number.h"

#include <ctype.h>
#include <stdint.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool begins_name(char c)
{
	return isalpha((unsigned char)c) || c == '*';
}

static bool in_name(char c)
{
	return begins_name(c) || is_digit(c) || c == '-' || c == '_';
}

static void skip(struct lexer *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		l->line += l->rest.ptr[i] == '\n';
	l->rest = slice_tail(l->rest, n);
}

static size_t comment_length(struct slice s)
{
	if (slice_starts(s, SLICE("#")) || slice_starts(s, SLICE("//"))) {
		ptrdiff_t end = slice_find(s, '\n');
		return end < 0 ? s.len : (size_t)end;
	}
	if (!slice_starts(s, SLICE("/*")))
		return 0;
	for (size_t i = 2; i + 1 < s.len; i++)
		if (s.ptr[i] == '*' && s.ptr[i + 1] == '/')
			return i + 2;
	return s.len;
}

static void skip_space(struct lexer *l)
{
	while (l->rest.len > 0) {
		size_t n = strchr(" \t\r\n\f\v", l->rest.ptr[0]) ? 1 : comment_length(l->rest);
		if (n == 0)
			return;
		skip(l, n);
	}
}

static size_t string_length(struct slice s, bool *closed_out)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '\\') {
			i++;
		} else if (s.ptr[i] == '"') {
			*closed_out = true;
			return i + 1;
		}
	}
	*closed_out = false;
	return s.len;
}

static struct slice without_sign(struct slice s)
{
	return s.len > 0 && strchr("+-", s.ptr[0]) ? slice_tail(s, 1) : s;
}

static enum token_kind whole_kind(struct slice word)
{
	struct slice digits = without_sign(word);
	bool hex = slice_starts(word, SLICE("0x")) || slice_starts(word, SLICE("0X"));
	bool has_suffix = false;
	uint64_t value;
	for (int i = 0; i < 2 && slice_ends(digits, SLICE("L")); i++) { /* L or LL */
		digits = slice_head(digits, digits.len - 1);
		has_suffix = true;
	}
	int rc = hex ? number_parse_hex(slice_tail(digits, 2), INT64_MAX, &value)
		     : number_parse(digits, INT64_MAX, &value);
	if (rc != OK)
		return TOKEN_OTHER;
	return value <= INT32_MAX || has_suffix ? TOKEN_INT : TOKEN_LONG;
}

/* Digits with a point, an exponent or both. */
static bool is_float(struct slice word)
{
	struct slice s = without_sign(word);
	size_t i = 0, digits = 0;
	for (bool point = false; i < s.len && (is_digit(s.ptr[i]) || (s.ptr[i] == '.' && !point));
	     i++) {
		point |= s.ptr[i] == '.';
		digits += is_digit(s.ptr[i]);
	}
	if (digits == 0 || i == s.len || (s.ptr[i] != 'e' && s.ptr[i] != 'E'))
		return digits > 0 && i == s.len && digits < s.len;
	uint64_t exponent;
	return number_parse(without_sign(slice_tail(s, i + 1)), 999, &exponent) == OK;
}

static enum token_kind word_kind(struct slice word)
{
	if (slice_eq_ci(word, SLICE("true")) || slice_eq_ci(word, SLICE("false")))
		return TOKEN_BOOL;
	if (begins_name(word.ptr[0])) {
		size_t n = 0;
		while (n < word.len && in_name(word.ptr[n]))
			n++;
		return n == word.len ? TOKEN_NAME : TOKEN_OTHER;
	}
	enum token_kind kind = whole_kind(word);
	return kind == TOKEN_OTHER && is_float(word) ? TOKEN_FLOAT : kind;
}

/* All up to what can not be part of a word: so 10M, /srv/www and example.org are told as they were
 * meant. */
static size_t word_length(struct slice s)
{
	size_t n = 0;
	while (n < s.len && !strchr(" \t\r\n\f\v\"=:;,{}()[]#", s.ptr[n]))
		n++;
	return n > 0 ? n : 1;
}

struct token lexer_next(struct lexer *l)
{
	struct token t = { .kind = TOKEN_END };
	skip_space(l);
	t.line = t.last = l->line;
	if (l->rest.len == 0)
		return t;
	size_t n = 1;
	bool closed = true;
	if (strchr("=:;,{}()[]", l->rest.ptr[0])) {
		t.kind = TOKEN_MARK;
		t.mark = l->rest.ptr[0];
	} else if (l->rest.ptr[0] == '"') {
		n = string_length(l->rest, &closed);
		t.kind = closed ? TOKEN_STRING : TOKEN_OTHER;
	} else {
		n = word_length(l->rest);
		t.kind = word_kind(slice_head(l->rest, n));
	}
	t.text = slice_head(l->rest, n);
	skip(l, n);
	t.last = l->line;
	return t;
}
