/*
 * range.h - the Range field for bytes (RFC 9110 section 14).
 */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include "base/slice.h"

#include <stdint.h>

/* More than a reader of PDF files or a seeking player asks for at once; an attacker wants thousands
 * (section 14.2). */
enum { RANGES_MAX = 32 };

struct byte_range {
	uint64_t first;
	uint64_t length; /* never 0 */
};

struct ranges {
	unsigned count;
	struct byte_range list[RANGES_MAX];
};

enum range_verdict {
	RANGE_WHOLE,   /* no range that concerns us: answer as if the field were not there */
	RANGE_PARTIAL, /* what is in `out`, in the order asked for, ranges that touch made one */
	RANGE_UNSATISFIED, /* 416: none of them lies inside, or more than is decent */
};

/* `value` of the field, for a representation of `size` bytes. */
enum range_verdict range_parse(struct slice value, uint64_t size, struct ranges *out);

/* The value of Content-Range: "bytes 0-99/1000"; without a range (NULL) "bytes *" "/1000". Returns
 * the length; room for RANGE_TEXT. */
enum { RANGE_TEXT = 80 };
size_t range_format(const struct byte_range *range, uint64_t size, char text_out[RANGE_TEXT]);

#endif
