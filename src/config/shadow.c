/*
 * shadow.c - whether one route's path takes all that another one could match.
 *
 * Paths have the forms of the manual: "/literal", "/:segment", "/rest*", "*suffix" and "~regular
 * expression". Two different expressions are not compared: what they have in common is not decided
 * here.
 */
#include "config/check.h"

#include "base/slice.h"

static bool has_special(struct slice path)
{
	return slice_find(path, '*') >= 0 || slice_find(path, ':') >= 0 ||
	       slice_starts(path, SLICE("~"));
}

/* Segment by segment; both begin with '/'. */
static bool segments_cover(struct slice a, struct slice b)
{
	bool params = false;
	while (a.ptr && b.ptr) {
		struct slice x = slice_split(&a, '/'), y = slice_split(&b, '/');
		bool y_rest = slice_ends(y, SLICE("*")) && !b.ptr;
		if (slice_ends(x, SLICE("*")) && !a.ptr) {
			x = slice_head(x, x.len - 1);
			/* Beside parameters a '*' stands for whole segments only. */
			if (params && x.len > 0)
				return false;
			/* A parameter can be anything, so only an empty prefix is sure to cover it.
			 */
			return x.len == 0 || (slice_starts(y, x) && !slice_starts(y, SLICE(":")));
		}
		if (y_rest)
			return false;
		params |= slice_starts(x, SLICE(":"));
		if (slice_starts(x, SLICE(":")) ? y.len == 0 : !slice_eq(x, y))
			return false;
	}
	return !a.ptr && !b.ptr;
}

bool check_path_covers(const char *earlier, const char *later)
{
	struct slice a = slice_str(earlier), b = slice_str(later);
	if (slice_eq(a, b) || slice_eq(a, SLICE("/*")) || slice_eq(a, SLICE("*")))
		return true;
	if (slice_starts(a, SLICE("~")) || slice_starts(b, SLICE("~")))
		return false;
	if (slice_starts(a, SLICE("*"))) {
		struct slice suffix = slice_tail(a, 1);
		bool comparable = slice_starts(b, SLICE("*")) || !has_special(b);
		return comparable && slice_ends(b, suffix);
	}
	return !slice_starts(b, SLICE("*")) && segments_cover(a, b);
}
