/*
 * buf.h - a growable run of bytes with a maximum.
 *
 * Whatever a peer can size goes through one of these. Appending over the maximum fails with
 * ERR_FULL and leaves the buffer as it was. The buffer keeps a NUL after its last byte, so that
 * data may be read as a string if it has none inside.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/error.h"
#include "base/slice.h"

#include <stdarg.h>

struct buf {
	char *data; /* NULL until the first byte */
	size_t len;
	size_t cap;
	size_t max;
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b); /* length to 0, memory kept */

MUST_CHECK int buf_append_growing(struct buf *b, struct slice s); /* buf_append's slow way */

/* Inline for log lines: twenty short pieces a request. */
static inline MUST_CHECK int buf_append(struct buf *b, struct slice s)
{
	if (s.len == 0 || s.len > b->cap - b->len)
		return buf_append_growing(b, s);
	memcpy(b->data + b->len, s.ptr, s.len);
	b->len += s.len;
	b->data[b->len] = '\0';
	return OK;
}

MUST_CHECK int buf_byte(struct buf *b, char c);
MUST_CHECK int buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
MUST_CHECK int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Makes room for n more bytes and returns where they go, NULL if that is over the maximum;
 * the caller writes there and then adds what it wrote to b->len (no NUL follows those bytes). */
char *buf_reserve(struct buf *b, size_t n);

/* Removes the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);

/* Borrowed until the next change of the buffer. */
static inline struct slice buf_peek(const struct buf *b)
{
	return slice_of(b->data, b->len);
}

#endif
