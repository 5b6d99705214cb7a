/*
 * escape.c - see escape.h. Used by templates, logs and pages; also in threads of the pool, so
 * nothing here is shared.
 */
#include "app/escape.h"

#include <stdint.h>
#include <stdio.h>

static const char hex[] = "0123456789abcdef";

/* Length of the well-formed sequence that begins s and its code point; 0 if it is none (RFC 3629
 * section 4). */
static size_t utf8_decode(struct slice s, uint32_t *code_out)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	if (p[0] < 0x80) {
		*code_out = p[0];
		return 1;
	}
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < len)
		return 0;
	uint32_t code = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0; /* overlong, beyond Unicode, or half of a UTF-16 pair */
	*code_out = code;
	return len;
}

size_t utf8_printable(struct slice s)
{
	uint32_t code = 0;
	size_t len = s.len ? utf8_decode(s, &code) : 0;
	bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
	return control ? 0 : len;
}

static const char *html_reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

static const char *json_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	}
	return NULL;
}

/* "${" begins an expression between backticks; "</script" and "<!--" mean something in HTML. */
static const char *script_escape(char c)
{
	switch (c) {
	case '\'':
		return "\\u0027";
	case '`':
		return "\\u0060";
	case '$':
		return "\\u0024";
	case '<':
		return "\\u003c";
	}
	return json_escape(c);
}

/* What is no printable character: a control by its number where there is a way to write it. Returns
 * its bytes. */
static size_t take_odd(struct slice s, bool numbered, char room[8], struct slice *piece_out)
{
	uint32_t code = 0;
	size_t len = utf8_decode(s, &code);
	if (len > 0 && numbered)
		*piece_out = slice_of(room, (size_t)snprintf(room, 8, "\\u%04x", code & 0xff));
	else
		*piece_out = SLICE("\xef\xbf\xbd");
	return len ? len : 1;
}

/* For HTML, JSON and scripts: characters pass, special ones by their names. */
static int append_text(
    struct buf *out, struct slice s, const char *(*special)(char c), bool numbered)
{
	while (s.len) {
		char room[8];
		const char *name = special(s.ptr[0]);
		size_t len = name ? 1 : utf8_printable(s);
		struct slice piece = name ? slice_str(name) : slice_head(s, len);
		if (len == 0)
			len = take_odd(s, numbered, room, &piece);
		if (buf_append(out, piece) < 0)
			return ERR_FULL;
		s = slice_tail(s, len);
	}
	return OK;
}

/* Bytes that may stand as they are: a bit each. */
struct plain {
	uint32_t bits[8];
};

/* 0x20 to 0x7e and all above 0x7f. */
static const struct plain plain_in_header = { { 0, 0xffffffff, 0xffffffff, 0x7fffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff } };
/* 0x20 to 0x7e but for the quote and the backslash. */
static const struct plain plain_in_log = { { 0, 0xffffffff & ~(1u << ('"' - 0x20)),
    0xffffffff & ~(1u << ('\\' - 0x40)), 0x7fffffff } };
/* "-", ".", "/", digits; letters and "_"; letters and "~". */
static const struct plain plain_in_url = { { 0, 0x03ffe000, 0x87fffffe, 0x47fffffe } };
/* Those, and "!", "$", "&" to ",", ":", ";", "="; "@". */
static const struct plain plain_in_path = { { 0, 0x2fffffd2, 0x87ffffff, 0x47fffffe } };

static int leave_out(struct buf *out, unsigned char c)
{
	(void)out, (void)c;
	return OK;
}

static int append_backslash(struct buf *out, unsigned char c)
{
	char text[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };
	return buf_append(out, slice_of(text, sizeof(text)));
}

static int append_percent(struct buf *out, unsigned char c)
{
	static const char upper[] = "0123456789ABCDEF";
	char text[3] = { '%', upper[c >> 4], upper[c & 15] };
	return buf_append(out, slice_of(text, sizeof(text)));
}

/* Runs of plain bytes are appended at once; each other byte by `odd`. */
static int append_bytes(struct buf *out, struct slice s, const struct plain *plain,
    int (*odd)(struct buf *out, unsigned char c))
{
	size_t from = 0;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (plain->bits[c >> 5] >> (c & 31) & 1)
			continue;
		if (buf_append(out, slice_of(s.ptr + from, i - from)) < 0 || odd(out, c) < 0)
			return ERR_FULL;
		from = i + 1;
	}
	return buf_append(out, slice_tail(s, from));
}

int escape_append(struct buf *out, struct slice s, enum template_escape how)
{
	switch (how) {
	case ESCAPE_NONE:
		break;
	case ESCAPE_HEADER:
		return append_bytes(out, s, &plain_in_header, leave_out);
	case ESCAPE_HTML:
		return append_text(out, s, html_reference, false);
	case ESCAPE_JSON:
		return append_text(out, s, json_escape, true);
	case ESCAPE_SCRIPT:
		return append_text(out, s, script_escape, true);
	case ESCAPE_LOG:
		if (s.len == 0)
			return buf_byte(out, '-');
		return append_bytes(out, s, &plain_in_log, append_backslash);
	case ESCAPE_URL:
		return append_bytes(out, s, &plain_in_url, append_percent);
	case ESCAPE_PATH:
		return append_bytes(out, s, &plain_in_path, append_percent);
	}
	return buf_append(out, s);
}
