/*
 * buf.c - a growable run of bytes with a maximum. Growth doubles, so that appending byte by byte
 * stays linear; the maximum bounds the bytes held, the NUL behind them comes on top.
 */
#include "base/buf.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>

enum { FIRST_CAP = 128 }; /* a header line or a short path: most buffers never grow */

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_fini(struct buf *b)
{
	mem_free(b->data);
	*b = (struct buf){ .max = b->max };
}

static void set_len(struct buf *b, size_t len)
{
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}

void buf_clear(struct buf *b)
{
	set_len(b, 0);
}

/* needed <= max */
static void grow(struct buf *b, size_t needed)
{
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	while (cap < needed)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	b->data = mem_realloc(b->data, cap + 1);
	b->cap = cap;
	b->data[b->len] = '\0';
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (n > b->max - b->len)
		return NULL;
	if (!b->data || n > b->cap - b->len)
		grow(b, b->len + n);
	return b->data + b->len;
}

int buf_append_growing(struct buf *b, struct slice s)
{
	if (s.len == 0)
		return OK;
	char *at = buf_reserve(b, s.len);
	if (!at)
		return ERR_FULL;
	memcpy(at, s.ptr, s.len);
	set_len(b, b->len + s.len);
	return OK;
}

int buf_byte(struct buf *b, char c)
{
	return buf_append(b, slice_of(&c, 1));
}

int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	size_t room = b->data ? b->cap - b->len + 1 : 0; /* with the NUL */
	int len = vsnprintf(room ? b->data + b->len : NULL, room, fmt, ap);
	int result = len < 0 ? ERR_FULL : OK; /* over INT_MAX: larger than any maximum */
	if (result == OK && (size_t)len >= room) {
		char *at = buf_reserve(b, (size_t)len);
		if (at)
			vsnprintf(at, (size_t)len + 1, fmt, again);
		else
			result = ERR_FULL;
	}
	va_end(again);
	set_len(b, result == OK ? b->len + (size_t)len : b->len);
	return result;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int result = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return result;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	set_len(b, b->len - n);
}
