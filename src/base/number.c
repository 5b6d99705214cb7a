/*
 * number.c - numbers, durations and sizes in text. No signs, no blanks, no fractions, no locale:
 * what strtoul would forgive is refused.
 */
#include "base/number.h"

#include <stdio.h>

struct unit {
	struct slice name;
	uint64_t factor;
};

/* Largest first: formatting takes the first that divides. */
static const struct unit duration_units[] = {
	{ { "d", 1 }, 24 * 3600 * 1000 },
	{ { "h", 1 }, 3600 * 1000 },
	{ { "m", 1 }, 60 * 1000 },
	{ { "s", 1 }, 1000 },
	{ { "ms", 2 }, 1 },
};
static const struct unit size_units[] = {
	{ { "G", 1 }, 1 << 30 },
	{ { "M", 1 }, 1 << 20 },
	{ { "k", 1 }, 1 << 10 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	char lower = (char)(c | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 255;
}

/* The whole slice is looked at before its range: "9999x" is a matter of form at any max. */
static int parse(struct slice s, unsigned base, uint64_t max, uint64_t *value_out)
{
	uint64_t value = 0;
	bool over = false;
	if (s.len == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)digit_of(s.ptr[i]);
		if (digit >= base)
			return ERR_SYNTAX;
		over = over || digit > max || value > (max - digit) / base;
		value = over ? 0 : value * base + digit;
	}
	if (over)
		return ERR_RANGE;
	*value_out = value;
	return OK;
}

int number_parse(struct slice s, uint64_t max, uint64_t *value_out)
{
	return parse(s, 10, max, value_out);
}

int number_parse_hex(struct slice s, uint64_t max, uint64_t *value_out)
{
	return parse(s, 16, max, value_out);
}

static size_t digits_len(struct slice s)
{
	size_t len = 0;
	while (len < s.len && s.ptr[len] >= '0' && s.ptr[len] <= '9')
		len++;
	return len;
}

/* factor 0: no such unit */
static int parse_scaled(struct slice digits, uint64_t factor, int64_t *value_out)
{
	uint64_t value;
	if (factor == 0)
		return ERR_SYNTAX;
	int result = number_parse(digits, INT64_MAX / factor, &value);
	if (result == OK)
		*value_out = (int64_t)(value * factor);
	return result;
}

int duration_parse(struct slice s, int64_t *ms_out)
{
	struct slice digits = slice_head(s, digits_len(s));
	struct slice name = slice_tail(s, digits.len);
	uint64_t factor = name.len == 0 ? 1000 : 0;
	for (size_t i = 0; i < COUNT(duration_units); i++)
		if (slice_eq(name, duration_units[i].name))
			factor = duration_units[i].factor;
	return parse_scaled(digits, factor, ms_out);
}

int size_parse(struct slice s, int64_t *bytes_out)
{
	struct slice digits = slice_head(s, digits_len(s));
	struct slice name = slice_tail(s, digits.len);
	uint64_t factor = name.len == 0 ? 1 : 0;
	for (size_t i = 0; i < COUNT(size_units); i++)
		if (slice_eq_ci(name, size_units[i].name))
			factor = size_units[i].factor;
	return parse_scaled(digits, factor, bytes_out);
}

/* A larger unit never needs more digits than a smaller one. */
static void format_scaled(
    int64_t value, const struct unit *units, size_t count, char *text_out, size_t room)
{
	for (size_t i = 0; value != 0 && i < count; i++) {
		int64_t factor = (int64_t)units[i].factor;
		if (value % factor == 0) {
			snprintf(text_out, room, "%lld%s", (long long)(value / factor),
			    units[i].name.ptr);
			return;
		}
	}
	snprintf(text_out, room, "%lld", (long long)value);
}

void duration_format(int64_t ms, char *text_out, size_t room)
{
	if (ms == 0)
		snprintf(text_out, room, "0s");
	else
		format_scaled(ms, duration_units, COUNT(duration_units), text_out, room);
}

void size_format(int64_t bytes, char *text_out, size_t room)
{
	format_scaled(bytes, size_units, COUNT(size_units), text_out, room);
}

size_t number_format(uint64_t value, char *text_out)
{
	char reversed[20];
	size_t len = 0;
	do {
		reversed[len++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (size_t i = 0; i < len; i++)
		text_out[i] = reversed[len - 1 - i];
	return len;
}
