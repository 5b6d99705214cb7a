/*
 * base64.c - see base64.h.
 */
#include "base/base64.h"

#include <stdint.h>

static int value_of(char c, enum base64_form form)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (form == BASE64_URL ? '-' : '+'))
		return 62;
	if (c == (form == BASE64_URL ? '_' : '/'))
		return 63;
	return -1;
}

static int strip_padding(struct slice *text)
{
	if (text->len % 4 != 0)
		return ERR_SYNTAX;
	for (int i = 0; i < 2 && text->len > 0 && text->ptr[text->len - 1] == '='; i++)
		text->len--;
	return OK;
}

ssize_t base64_decode(struct slice text, enum base64_form form, char *out, size_t room)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	if (form == BASE64_PADDED && strip_padding(&text) < 0)
		return ERR_SYNTAX;
	if (text.len % 4 == 1)
		return ERR_SYNTAX; /* six bits are no byte */
	if (text.len / 4 * 3 + text.len % 4 * 3 / 4 > room)
		return ERR_FULL;
	for (size_t i = 0; i < text.len; i++) {
		int value = value_of(text.ptr[i], form);
		if (value < 0)
			return ERR_SYNTAX;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have);
		}
	}
	return bits & ((1u << have) - 1) ? ERR_SYNTAX : (ssize_t)n;
}
