/*
 * base64.h - base64 in both of its spellings (RFC 4648 sections 4 and 5), strict.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/error.h"
#include "base/slice.h"

#include <sys/types.h>

enum base64_form {
	BASE64_PADDED, /* "+" and "/", "=" up to a multiple of four */
	BASE64_URL,    /* "-" and "_", no padding */
};

/*
 * The number of bytes written to `out`, which is not NUL-terminated. ERR_SYNTAX for any other
 * character, a length that can not be, and bits at the end that stand for nothing: a text has one
 * meaning, a meaning one text. ERR_FULL if it is more than `room`.
 */
MUST_CHECK ssize_t base64_decode(struct slice text, enum base64_form form, char *out, size_t room);

#endif
