/*
 * accept.c - reads Accept for the server's own pages (error_page.c, listings). Parameters other
 * than q are not matched.
 */
#include "http/accept.h"

#include "http/fields.h"

/* "1", "0.5", "0.123", "1.000": RFC 9110 section 12.4.2. */
static unsigned parse_weight(struct slice s)
{
	unsigned value, scale = 100;

	if (s.len < 1 || s.len > 5 || (s.ptr[0] != '0' && s.ptr[0] != '1'))
		return 0;
	value = s.ptr[0] == '1' ? 1000 : 0;
	if (s.len > 1 && s.ptr[1] != '.')
		return 0;
	for (size_t i = 2; i < s.len; i++, scale /= 10) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return 0;
		value += (unsigned)(s.ptr[i] - '0') * scale;
	}
	return value <= 1000 ? value : 0;
}

unsigned accept_weight(struct slice parameters)
{
	while (parameters.ptr && parameters.len > 0) {
		struct slice value = slice_trim(slice_split(&parameters, ';'));
		struct slice name = slice_trim(slice_split(&value, '='));
		if (slice_eq_ci(name, SLICE("q")))
			return parse_weight(slice_trim(value));
	}
	return 1000;
}

/* 3: the type itself, 2: "text/" and a star, 1: any; 0: no match. */
static unsigned specificity(struct slice range, struct slice type)
{
	ptrdiff_t slash = slice_find(type, '/');

	if (slice_eq_ci(range, type))
		return 3;
	if (slice_eq(range, SLICE("*/*")))
		return 1;
	if (slash < 0 || range.len != (size_t)slash + 2 || range.ptr[range.len - 1] != '*')
		return 0;
	return slice_eq_ci(
		   slice_head(range, (size_t)slash + 1), slice_head(type, (size_t)slash + 1))
		   ? 2
		   : 0;
}

unsigned accept_quality(struct slice accept, struct slice type)
{
	unsigned best = 0, quality = 0;
	struct slice member;

	if (slice_trim(accept).len == 0)
		return 1000;
	while (field_list_next(&accept, &member)) {
		struct slice parameters = member;
		struct slice range = slice_trim(slice_split(&parameters, ';'));
		unsigned how = specificity(range, type);
		if (how > best) {
			best = how;
			quality = accept_weight(parameters);
		}
	}
	return quality;
}
