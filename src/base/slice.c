/*
 * slice.c - the operations on slices that are too long for the header. Bytes are compared as
 * bytes: no locale, no UTF-8.
 */
#include "base/slice.h"

#include <stdint.h>

/* Two bytes that differ in bit 0x20 alone are equal if that bit is the case of a letter. */
static bool byte_eq_ci(unsigned char a, unsigned char b)
{
	unsigned char lower = a | 0x20;
	return a == b || ((a ^ b) == 0x20 && lower >= 'a' && lower <= 'z');
}

bool slice_eq_ci(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (!byte_eq_ci((unsigned char)a.ptr[i], (unsigned char)b.ptr[i]))
			return false;
	return true;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return slice_eq(slice_head(s, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_eq(slice_tail(s, s.len - suffix.len), suffix);
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

ptrdiff_t slice_find(struct slice s, char c)
{
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;
	return at ? at - s.ptr : -1;
}

ptrdiff_t slice_find_last(struct slice s, char c)
{
	const char *at = s.len ? memrchr(s.ptr, c, s.len) : NULL;
	return at ? at - s.ptr : -1;
}

static bool is_ows(char c)
{
	return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
	while (s.len && is_ows(s.ptr[0]))
		s = slice_tail(s, 1);
	while (s.len && is_ows(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct slice slice_split(struct slice *rest, char c)
{
	struct slice whole = *rest;
	ptrdiff_t at = slice_find(whole, c);
	if (at < 0) {
		*rest = SLICE_NONE;
		return whole;
	}
	*rest = slice_tail(whole, (size_t)at + 1);
	return slice_head(whole, (size_t)at);
}

unsigned slice_hash(struct slice s)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.ptr[i]) * 16777619u;
	return hash;
}
