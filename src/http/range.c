/*
 * range.c - reads Range: bytes=... and makes the ranges harmless.
 *
 *	ranges-specifier = "bytes" "=" 1#( int-range / suffix-range )
 *	int-range        = first-pos "-" [ last-pos ]
 *	suffix-range     = "-" suffix-length
 *
 * Malformed, or of another unit: ignored, as section 14.2 permits. Well-formed but greedy (more
 *than RANGES_MAX, or more than two that overlap): refused, so that a small request can not order
 *many times the file.
 */
#include "http/range.h"

#include "base/number.h"
#include "http/fields.h"

#include <stdbool.h>
#include <stdio.h>

enum {
	/* A part of a multipart answer has a head of about this many bytes: a smaller gap is
	   cheaper sent. */
	PART_HEAD = 80,
	OVERLAPS_MAX = 2,
};

/* A number too large for 64 bits is past the end of any file: saturated. */
static int parse_position(struct slice text, uint64_t *value_out)
{
	int rc = number_parse(text, UINT64_MAX - 1, value_out);
	if (rc == ERR_RANGE)
		*value_out = UINT64_MAX - 1;
	return rc == ERR_SYNTAX ? ERR_SYNTAX : OK;
}

/* OK; ERR_SYNTAX; ERR_RANGE when it lies outside. */
static int parse_one(struct slice spec, uint64_t size, struct byte_range *out)
{
	uint64_t first, last = UINT64_MAX - 1;
	ptrdiff_t dash = slice_find(spec, '-');
	if (dash < 0)
		return ERR_SYNTAX;
	struct slice left = slice_head(spec, (size_t)dash);
	struct slice right = slice_tail(spec, (size_t)dash + 1);
	if (left.len == 0) {
		if (parse_position(right, &last) < 0)
			return ERR_SYNTAX;
		if (last == 0 || size == 0)
			return ERR_RANGE;
		out->length = last < size ? last : size;
		out->first = size - out->length;
		return OK;
	}
	if (parse_position(left, &first) < 0 ||
	    (right.len && (parse_position(right, &last) < 0 || last < first)))
		return ERR_SYNTAX;
	if (first >= size)
		return ERR_RANGE;
	out->first = first;
	out->length = (last < size ? last + 1 : size) - first;
	return OK;
}

static uint64_t end_of(const struct byte_range *r)
{
	return r->first + r->length;
}

static bool overlap(const struct byte_range *a, const struct byte_range *b)
{
	return a->first < end_of(b) && b->first < end_of(a);
}

static bool nearly_touch(const struct byte_range *a, const struct byte_range *b)
{
	return a->first <= end_of(b) + PART_HEAD && b->first <= end_of(a) + PART_HEAD;
}

static unsigned count_overlaps(const struct ranges *r)
{
	unsigned overlaps = 0;
	for (unsigned i = 0; i < r->count; i++)
		for (unsigned k = 0; k < i; k++)
			overlaps += overlap(&r->list[i], &r->list[k]);
	return overlaps;
}

/* Merges range `i` into an earlier one that it touches; false if there is none. */
static bool merge(struct ranges *r, unsigned i)
{
	for (unsigned k = 0; k < i; k++) {
		struct byte_range *a = &r->list[k];
		const struct byte_range *b = &r->list[i];
		if (!nearly_touch(a, b))
			continue;
		uint64_t first = a->first < b->first ? a->first : b->first;
		uint64_t end = end_of(a) > end_of(b) ? end_of(a) : end_of(b);
		*a = (struct byte_range){ first, end - first };
		for (unsigned n = i + 1; n < r->count; n++)
			r->list[n - 1] = r->list[n];
		r->count--;
		return true;
	}
	return false;
}

static void coalesce(struct ranges *r)
{
	for (unsigned i = 1; i < r->count;)
		i = merge(r, i) ? 1 : i + 1; /* the grown one may touch others now */
}

enum range_verdict range_parse(struct slice value, uint64_t size, struct ranges *out)
{
	struct slice spec, rest = value;
	struct slice unit = slice_split(&rest, '=');
	unsigned given = 0;
	out->count = 0;
	if (!slice_eq_ci(unit, SLICE("bytes")) || !rest.ptr)
		return RANGE_WHOLE;
	while (field_list_next(&rest, &spec)) {
		if (++given > RANGES_MAX)
			return RANGE_UNSATISFIED;
		int rc = parse_one(spec, size, &out->list[out->count]);
		if (rc == ERR_SYNTAX)
			return RANGE_WHOLE;
		out->count += rc == OK;
	}
	if (given == 0)
		return RANGE_WHOLE;
	if (out->count == 0 || count_overlaps(out) > OVERLAPS_MAX)
		return RANGE_UNSATISFIED;
	coalesce(out);
	return RANGE_PARTIAL;
}

size_t range_format(const struct byte_range *range, uint64_t size, char text_out[RANGE_TEXT])
{
	int len;
	if (range)
		len = snprintf(text_out, RANGE_TEXT, "bytes %llu-%llu/%llu",
		    (unsigned long long)range->first, (unsigned long long)(end_of(range) - 1),
		    (unsigned long long)size);
	else
		len = snprintf(text_out, RANGE_TEXT, "bytes */%llu", (unsigned long long)size);
	return (size_t)len;
}
