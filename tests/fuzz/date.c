/*
 * date.c - fuzz target: HTTP dates. What is accepted is written in the one preferred form, and that
 * form reads as the same time.
 */
#include "base/date.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const time_t now =
	    1800000000; /* January 2027; fixed, so that an input always means the same */
	const time_t end =
	    253402300800; /* the year 10000: what is beyond is clamped when written */
	char text[DATE_HTTP_LEN];
	time_t t, again;

	if (date_parse_http(slice_of((const char *)data, size), now, &t) != OK || t < 0 || t >= end)
		return 0;
	date_format_http(t, text);
	if (date_parse_http(slice_of(text, sizeof(text)), now, &again) != OK || again != t)
		abort();
	return 0;
}
