/*
 * chars.h - classes of bytes in HTTP and in URIs, one table for all of them.
 */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CHAR_TOKEN = 1, /* tchar, RFC 9110 section 5.6.2 */
	CHAR_VALUE = 2, /* field-vchar, SP and HTAB, RFC 9110 section 5.5 */
	CHAR_PATH = 4,  /* pchar without "%", RFC 3986 section 3.3, and what target.c tells */
	CHAR_QUERY = 8, /* query without "%", RFC 3986 section 3.4, likewise */
	CHAR_HOST = 16, /* unreserved, RFC 3986 section 2.3 */
	CHAR_URI_SAFE =
	    32, /* stands in a path that we write: unreserved, sub-delims, ":" "@" "/" */
};

extern const uint8_t char_class[256];

static inline bool char_is(char c, unsigned classes)
{
	return char_class[(unsigned char)c] & classes;
}

/* 0 to 15, or -1. */
static inline int char_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
