/*
 * range.c - fuzz target: Range fields. The first two bytes are the size of the representation.
 * Whatever is to be sent lies inside of it, and no request orders more than a few times the whole.
 */
#include "http/range.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ranges *ranges, uint64_t size)
{
	/* The whole, and each of the two overlaps that are let pass once more. */
	const uint64_t decent = 3 * size;
	uint64_t sum = 0;

	if (ranges->count == 0 || ranges->count > RANGES_MAX)
		abort();
	for (unsigned i = 0; i < ranges->count; i++) {
		const struct byte_range *r = &ranges->list[i];
		char text[RANGE_TEXT];
		if (r->length == 0 || r->first >= size || r->length > size - r->first)
			abort();
		if (range_format(r, size, text) >= RANGE_TEXT)
			abort();
		sum += r->length;
	}
	if (sum > decent)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ranges ranges;
	if (size < 2)
		return 0;
	uint64_t whole = (uint64_t)data[0] << 8 | data[1];
	struct slice value = slice_of((const char *)data + 2, size - 2);
	if (range_parse(value, whole, &ranges) == RANGE_PARTIAL)
		check(&ranges, whole);
	return 0;
}
