/*
 * value_write.c - writes values in the file's language, for --dump, the digest and messages.
 */
#include "config/value.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The buffers given here are bounded far above any configuration; a dump that is cut is the
 * caller's decision. */
static void put(struct buf *out, const char *text)
{
	(void)!buf_append(out, slice_str(text));
}

/* One byte as it stands between quotes in the file. */
static size_t escape(unsigned char c, char out[8])
{
	static const char plain[] = "\"\\\n\r\t\f", letters[] = "\"\\nrtf";
	const char *special = c ? strchr(plain, c) : NULL;
	if (special)
		return (size_t)sprintf(out, "\\%c", letters[special - plain]);
	if (c < 0x20 || c == 0x7f)
		return (size_t)sprintf(out, "\\x%02x", c);
	out[0] = (char)c;
	return 1;
}

static void write_string(const char *text, struct buf *out)
{
	char piece[8];
	put(out, "\"");
	for (; *text; text++)
		(void)!buf_append(out, slice_of(piece, escape((unsigned char)*text, piece)));
	put(out, "\"");
}

void value_quote(const char *text, char *out, size_t room)
{
	enum { SHOWN = 60 };
	size_t len = 0;
	out[len++] = '"';
	for (size_t i = 0; text[i] && i < SHOWN && len + 16 < room; i++)
		len += escape((unsigned char)text[i], out + len);
	snprintf(out + len, room - len, "%s", strlen(text) > SHOWN ? "...\"" : "\"");
}

void value_describe(const config_setting_t *setting, char *out, size_t room)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		value_quote(config_setting_get_string(setting), out, room);
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(out, room, "%lld", config_setting_get_int64(setting));
		break;
	case CONFIG_TYPE_FLOAT:
		snprintf(out, room, "%g", config_setting_get_float(setting));
		break;
	case CONFIG_TYPE_BOOL:
		snprintf(out, room, "%s", config_setting_get_bool(setting) ? "true" : "false");
		break;
	case CONFIG_TYPE_GROUP:
		snprintf(out, room, "a group");
		break;
	case CONFIG_TYPE_ARRAY:
		snprintf(out, room, "an array");
		break;
	default:
		snprintf(out, room, "a list");
		break;
	}
}

bool value_is_set(const struct key *key, const void *settings)
{
	const void *at = (const char *)settings + key->offset;
	return key->type != KEY_STRING || *(const char *const *)at != NULL;
}

/* libconfig keeps numbers of 32 bits unless an L follows. */
static void write_int(int64_t value, struct buf *out)
{
	bool wide = value > INT32_MAX || value < INT32_MIN;
	(void)!buf_printf(out, "%lld%s", (long long)value, wide ? "L" : "");
}

static void write_float(double value, struct buf *out)
{
	char text[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	/* Without a point it would be read as a whole number. */
	put(out, text);
	if (!strpbrk(text, ".e"))
		put(out, ".0");
}

/* "5/m" rather than 0.08333333333333333, if that is read as the same. */
static void write_rate(double value, struct buf *out)
{
	static const struct {
		const char *unit;
		int seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	for (size_t i = 0; i < sizeof(units) / sizeof(*units) && value > 0; i++) {
		double times = value * units[i].seconds;
		long long whole = (long long)(times + 0.5);
		if (times < 1e9 && whole > 0 && (double)whole / units[i].seconds == value) {
			(void)!buf_printf(out, "\"%lld/%s\"", whole, units[i].unit);
			return;
		}
	}
	write_float(value, out);
}

static void write_unit(const struct key *key, int64_t value, struct buf *out)
{
	char text[32];
	if (key->type == KEY_SIZE)
		size_format(value, text, sizeof(text));
	else
		duration_format(value, text, sizeof(text));
	const char *quote = strspn(text, "0123456789") == strlen(text) ? "" : "\"";
	(void)!buf_printf(out, "%s%s%s", quote, text, quote);
}

static void write_strings(const struct config_strings *s, struct buf *out)
{
	put(out, "[ ");
	for (size_t i = 0; i < s->count; i++) {
		put(out, i ? ", " : "");
		write_string(s->list[i], out);
	}
	put(out, s->count ? " ]" : "]");
}

static void write_ints(const struct config_ints *n, struct buf *out)
{
	put(out, "[ ");
	for (size_t i = 0; i < n->count; i++) {
		put(out, i ? ", " : "");
		write_int(n->list[i], out);
	}
	put(out, n->count ? " ]" : "]");
}

void value_write(const struct key *key, const void *settings, struct buf *out)
{
	const void *at = (const char *)settings + key->offset;
	switch (key->type) {
	case KEY_BOOL:
		put(out, *(const bool *)at ? "true" : "false");
		break;
	case KEY_INT:
		write_int(*(const int64_t *)at, out);
		break;
	case KEY_RATE:
		write_rate(*(const double *)at, out);
		break;
	case KEY_FLOAT:
		write_float(*(const double *)at, out);
		break;
	case KEY_STRING:
		write_string(*(const char *const *)at, out);
		break;
	case KEY_DURATION:
	case KEY_SIZE:
		write_unit(key, *(const int64_t *)at, out);
		break;
	case KEY_CHOICE:
		write_string(key->choices[*(const int *)at], out);
		break;
	case KEY_MODE:
		(void)!buf_printf(out, "\"%04llo\"", (unsigned long long)*(const int64_t *)at);
		break;
	case KEY_STRINGS:
		write_strings(at, out);
		break;
	case KEY_INTS:
		write_ints(at, out);
		break;
	case KEY_GROUP:
	case KEY_GROUPS:
		break; /* their rows are written one by one */
	}
}
