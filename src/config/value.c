/*
 * value.c - reads one value by its row's type and bounds. Writing is in value_write.c.
 */
#include "config/value.h"

#include "base/number.h"
#include "config/suggest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a value goes, and the room for what is wrong with it. */
struct target {
	const struct key *key;
	struct arena *arena;
	void *settings;
	char *why;
};

static void *place_of(const struct target *t)
{
	return (char *)t->settings + t->key->offset;
}

static int fail(const struct target *t, int error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int fail(const struct target *t, int error, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(t->why, VALUE_WHY_MAX, fmt, ap);
	va_end(ap);
	return error;
}

/* What each type wants to see, by enum key_type. */
static const struct {
	const char *is_not;
	const char *expected;
} forms[] = {
	[KEY_BOOL] = { "a truth value", "true or false" },
	[KEY_INT] = { "a whole number", "a number without quotes" },
	[KEY_FLOAT] = { "a number", "a number without quotes, 2.5" },
	[KEY_STRING] = { "a string", "text in quotes" },
	[KEY_DURATION] = { "a duration", "\"30s\", \"5m\", \"250ms\" or seconds" },
	[KEY_SIZE] = { "a size", "\"16k\", \"10M\", \"1G\" or bytes" },
	[KEY_CHOICE] = { "a choice", "one of the words in quotes" },
	[KEY_MODE] = { "a file mode", "octal digits in quotes, \"0660\"" },
	[KEY_RATE] = { "a rate", "\"10/s\", \"600/m\", \"1000/h\" or a number a second" },
	[KEY_STRINGS] = { "a list of strings", "[ \"a\", \"b\" ]" },
	[KEY_INTS] = { "a list of whole numbers", "[ 1, 2 ]" },
	[KEY_GROUP] = { "a group", "{ key = value; }" },
	[KEY_GROUPS] = { "a list of groups", "( { ... }, { ... } )" },
};

static int wrong_form(const struct target *t, const char *found)
{
	return fail(t, ERR_SYNTAX, "%s is not %s (expected %s)", found, forms[t->key->type].is_not,
	    forms[t->key->type].expected);
}

static int wrong_text(const struct target *t, const char *text)
{
	char quoted[VALUE_WHY_MAX / 2];
	value_quote(text, quoted, sizeof(quoted));
	return wrong_form(t, quoted);
}

static void bound_format(const struct key *key, int64_t value, char *out, size_t room)
{
	if (key->type == KEY_DURATION)
		duration_format(value, out, room);
	else if (key->type == KEY_SIZE)
		size_format(value, out, room);
	else
		snprintf(out, room, "%lld", (long long)value);
}

static int out_of_range(const struct target *t, const char *found)
{
	char low[32], high[32];
	if (t->key->min == 0 && t->key->max == 0) /* a size below zero, a number over 64 bits */
		return fail(t, ERR_RANGE, "%s is out of range", found);
	bound_format(t->key, t->key->min, low, sizeof(low));
	bound_format(t->key, t->key->max, high, sizeof(high));
	return fail(t, ERR_RANGE, "%s is out of range (%s to %s)", found, low, high);
}

/* `value` in the unit of the settings. */
static int put_int(const struct target *t, int64_t value, const char *found)
{
	const struct key *key = t->key;
	bool bounded = key->min != 0 || key->max != 0;
	bool natural = key->type == KEY_DURATION || key->type == KEY_SIZE;
	if ((bounded && (value < key->min || value > key->max)) || (natural && value < 0))
		return out_of_range(t, found);
	*(int64_t *)place_of(t) = value;
	return OK;
}

static int put_bool(const struct target *t, bool value)
{
	*(bool *)place_of(t) = value;
	return OK;
}

static int put_float(const struct target *t, double value, const char *found)
{
	/* Bounds are whole numbers for floats as well; a NaN compares false with both. */
	bool bounded = t->key->min != 0 || t->key->max != 0;
	if (bounded && !(value >= (double)t->key->min && value <= (double)t->key->max))
		return out_of_range(t, found);
	*(double *)place_of(t) = value;
	return OK;
}

static int take_choice(const struct target *t, const char *text)
{
	char list[VALUE_WHY_MAX / 2] = "", quoted[VALUE_WHY_MAX / 4];
	size_t len = 0;
	struct suggestion near;
	suggest_start(&near, text);
	for (int i = 0; t->key->choices[i]; i++) {
		if (strcmp(t->key->choices[i], text) == 0) {
			*(int *)place_of(t) = i;
			return OK;
		}
		suggest_try(&near, t->key->choices[i]);
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s\"%s\"",
			    i ? ", " : "", t->key->choices[i]);
	}
	value_quote(text, quoted, sizeof(quoted));
	if (near.name)
		return fail(t, ERR_SYNTAX, "%s is not one of %s (did you mean \"%s\"?)", quoted,
		    list, near.name);
	return fail(t, ERR_SYNTAX, "%s is not one of %s", quoted, list);
}

static int take_unit(const struct target *t, const char *text)
{
	int64_t value;
	char quoted[VALUE_WHY_MAX / 2];
	int rc = t->key->type == KEY_SIZE ? size_parse(slice_str(text), &value)
					  : duration_parse(slice_str(text), &value);
	value_quote(text, quoted, sizeof(quoted));
	if (rc == ERR_RANGE)
		return out_of_range(t, quoted);
	return rc < 0 ? wrong_form(t, quoted) : put_int(t, value, quoted);
}

static int take_mode(const struct target *t, const char *text)
{
	size_t len = strlen(text);
	if (len < 3 || len > 4 || strspn(text, "01234567") != len)
		return wrong_text(t, text);
	*(int64_t *)place_of(t) = strtol(text, NULL, 8);
	return OK;
}

/* "600/m"; a bare number is a second's. */
static int take_rate(const struct target *t, const char *text)
{
	static const struct {
		const char *unit;
		int seconds;
	} units[] = { { "", 1 }, { "/s", 1 }, { "/m", 60 }, { "/h", 3600 }, { "/d", 86400 } };
	size_t digits = strspn(text, "0123456789.");
	char *end;
	char quoted[VALUE_WHY_MAX / 2];
	double value = strtod(text, &end);
	value_quote(text, quoted, sizeof(quoted));
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (digits > 0 && end == text + digits && strcmp(end, units[i].unit) == 0)
			return put_float(t, value / units[i].seconds, quoted);
	return wrong_form(t, quoted);
}

static int take_string(const struct target *t, const char *text)
{
	*(const char **)place_of(t) = arena_strdup(t->arena, text);
	return OK;
}

/* Text in quotes in the file; what else a string can stand for depends on the type. */
static int take_quoted(const struct target *t, const char *text)
{
	switch (t->key->type) {
	case KEY_STRING:
		return take_string(t, text);
	case KEY_DURATION:
	case KEY_SIZE:
		return take_unit(t, text);
	case KEY_CHOICE:
		return take_choice(t, text);
	case KEY_MODE:
		return take_mode(t, text);
	case KEY_RATE:
		return take_rate(t, text);
	default:
		return wrong_text(t, text);
	}
}

/* Numbers, as text of the environment. */
static int take_int_text(const struct target *t, const char *text)
{
	char quoted[VALUE_WHY_MAX / 2];
	bool minus = *text == '-';
	uint64_t value;
	value_quote(text, quoted, sizeof(quoted));
	int rc = number_parse(slice_str(text + minus), INT64_MAX, &value);
	if (rc == ERR_RANGE)
		return out_of_range(t, text);
	if (rc < 0)
		return fail(t, ERR_SYNTAX, "%s is not a whole number", quoted);
	return put_int(t, minus ? -(int64_t)value : (int64_t)value, text);
}

static int take_float_text(const struct target *t, const char *text)
{
	char *end;
	double value = strtod(text, &end);
	/* strtod alone would take leading space, hexadecimal and "nan". */
	if (end == text || *end || strspn(text, "0123456789+-.eE") != strlen(text)) {
		char quoted[VALUE_WHY_MAX / 2];
		value_quote(text, quoted, sizeof(quoted));
		return fail(t, ERR_SYNTAX, "%s is not a number", quoted);
	}
	return put_float(t, value, text);
}

static int take_bool_text(const struct target *t, const char *text)
{
	if (strcmp(text, "true") == 0)
		return put_bool(t, true);
	return strcmp(text, "false") == 0 ? put_bool(t, false) : wrong_text(t, text);
}

static void set_count(const struct target *t, size_t count)
{
	if (t->key->type == KEY_STRINGS)
		*(struct config_strings *)place_of(t) =
		    (struct config_strings){ arena_zalloc(t->arena, (count + 1) * sizeof(char *)),
			    count };
	else
		*(struct config_ints *)place_of(t) =
		    (struct config_ints){ arena_zalloc(t->arena, (count + 1) * sizeof(int64_t)),
			    count };
}

/* A row and a target for element i of a list, so that elements are read as scalars are. */
static struct target element(const struct target *list, size_t i, struct key *row)
{
	struct target t = *list;
	*row = *list->key;
	row->offset = 0;
	if (list->key->type == KEY_STRINGS) {
		row->type = KEY_STRING;
		t.settings = &((struct config_strings *)place_of(list))->list[i];
	} else {
		row->type = KEY_INT;
		t.settings = &((struct config_ints *)place_of(list))->list[i];
	}
	t.key = row;
	return t;
}

static int take_text(const struct target *t, const char *text);

/* "a,b": spaces around the commas do not count, and an empty text is an empty list. */
static int take_list_text(const struct target *t, const char *text)
{
	struct target fresh = *t;
	void *scratch = arena_zalloc(t->arena, t->key->offset + sizeof(struct config_strings));
	fresh.settings = scratch;
	size_t count = *text != '\0';
	for (const char *c = text; *c; c++)
		count += *c == ',';
	set_count(&fresh, count);
	struct slice rest = slice_str(text);
	for (size_t i = 0; i < count; i++) {
		struct key row;
		struct target one = element(&fresh, i, &row);
		struct slice part = slice_trim(slice_split(&rest, ','));
		int rc = take_text(&one, arena_dup(t->arena, part).ptr);
		if (rc < 0)
			return rc;
	}
	memcpy(place_of(t), place_of(&fresh), sizeof(struct config_strings));
	return OK;
}

static int take_text(const struct target *t, const char *text)
{
	switch (t->key->type) {
	case KEY_BOOL:
		return take_bool_text(t, text);
	case KEY_INT:
		return take_int_text(t, text);
	case KEY_FLOAT:
		return take_float_text(t, text);
	case KEY_STRINGS:
	case KEY_INTS:
		return take_list_text(t, text);
	default:
		return take_quoted(t, text);
	}
}

int value_from_text(
    const struct key *key, const char *text, struct arena *a, void *settings, char *why)
{
	struct target t = { key, a, settings, why };
	return take_text(&t, text);
}

/* A bare number in the file: of milliseconds, when it stands for a duration. */
static int take_number(const struct target *t, int64_t value)
{
	char found[32];
	snprintf(found, sizeof(found), "%lld", (long long)value);
	switch (t->key->type) {
	case KEY_INT:
	case KEY_SIZE:
		return put_int(t, value, found);
	case KEY_DURATION:
		if (value < 0 || value > INT64_MAX / 1000)
			return out_of_range(t, found);
		return put_int(t, value * 1000, found);
	case KEY_FLOAT:
	case KEY_RATE:
		return put_float(t, (double)value, found);
	default:
		return wrong_form(t, found);
	}
}

static int take_scalar(const struct target *t, const config_setting_t *setting)
{
	char found[VALUE_WHY_MAX / 2];
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		return take_quoted(t, config_setting_get_string(setting));
	case CONFIG_TYPE_INT:
		return take_number(t, config_setting_get_int(setting));
	case CONFIG_TYPE_INT64:
		return take_number(t, config_setting_get_int64(setting));
	case CONFIG_TYPE_BOOL:
		if (t->key->type == KEY_BOOL)
			return put_bool(t, config_setting_get_bool(setting));
		if (t->key->type == KEY_CHOICE) /* "true" may be one of several words */
			return take_choice(t, config_setting_get_bool(setting) ? "true" : "false");
		break;
	case CONFIG_TYPE_FLOAT:
		value_describe(setting, found, sizeof(found));
		if (t->key->type == KEY_FLOAT || t->key->type == KEY_RATE)
			return put_float(t, config_setting_get_float(setting), found);
		break;
	}
	value_describe(setting, found, sizeof(found));
	return wrong_form(t, found);
}

static int take_list(const struct target *t, const config_setting_t *setting)
{
	struct target fresh = *t;
	void *scratch = arena_zalloc(t->arena, t->key->offset + sizeof(struct config_strings));
	bool list = config_setting_is_array(setting) || config_setting_is_list(setting);
	if (config_setting_is_group(setting))
		return wrong_form(t, "a group");
	fresh.settings = scratch;
	size_t count = list ? (size_t)config_setting_length(setting) : 1;
	set_count(&fresh, count);
	for (size_t i = 0; i < count; i++) {
		struct key row;
		struct target one = element(&fresh, i, &row);
		int rc = take_scalar(
		    &one, list ? config_setting_get_elem(setting, (unsigned)i) : setting);
		if (rc < 0)
			return rc;
	}
	memcpy(place_of(t), place_of(&fresh), sizeof(struct config_strings));
	return OK;
}

int value_from_setting(const struct key *key, const config_setting_t *setting, struct arena *a,
    void *settings, char *why)
{
	struct target t = { key, a, settings, why };
	if (key->type == KEY_STRINGS || key->type == KEY_INTS)
		return take_list(&t, setting);
	return take_scalar(&t, setting);
}
