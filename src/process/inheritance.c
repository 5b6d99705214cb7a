/*
 * inheritance.c - what a master tells its successor, as text:
 * "channel=7;board=8;log=9;...;listeners=10,11".
 *
 * Both may be different versions, so the names matter, not their order; unknown ones are skipped.
 */
#include "base/number.h"
#include "process/upgrade.h"

#include <stdio.h>
#include <string.h>

int inheritance_format(const struct inheritance *in, char *text_out, size_t room)
{
	struct buf text;
	buf_init(&text, room);
	int result = buf_printf(&text,
	    "channel=%d;board=%d;log=%d;facility=%d;generation=%u;detached=%d;activated=%d;"
	    "listeners=",
	    in->channel, in->board, in->log + 1, in->facility, in->generation, in->detached,
	    in->activated);
	for (size_t i = 0; i < in->count && result == OK; i++)
		result = buf_printf(&text, i ? ",%d" : "%d", in->listeners[i]);
	if (result == OK && text.len < room)
		memcpy(text_out, text.data, text.len + 1);
	else
		result = ERR_FULL;
	buf_fini(&text);
	return result;
}

static int parse_listeners(struct slice list, struct inheritance *out)
{
	while (list.ptr && list.len > 0) {
		uint64_t fd;
		if (out->count == UPGRADE_LISTENERS ||
		    number_parse(slice_split(&list, ','), INT32_MAX, &fd) < 0)
			return ERR_SYNTAX;
		out->listeners[out->count++] = (int)fd;
	}
	return OK;
}

static int parse_field(struct slice name, struct slice text, struct inheritance *out)
{
	uint64_t value;
	if (slice_eq(name, SLICE("listeners")))
		return parse_listeners(text, out);
	if (number_parse(text, INT32_MAX, &value) < 0)
		return ERR_SYNTAX;
	if (slice_eq(name, SLICE("channel")))
		out->channel = (int)value;
	else if (slice_eq(name, SLICE("board")))
		out->board = (int)value;
	else if (slice_eq(name, SLICE("log")))
		out->log = (int)value - 1;
	else if (slice_eq(name, SLICE("facility")))
		out->facility = (int)value;
	else if (slice_eq(name, SLICE("generation")))
		out->generation = (unsigned)value;
	else if (slice_eq(name, SLICE("detached")))
		out->detached = value != 0;
	else if (slice_eq(name, SLICE("activated")))
		out->activated = value != 0;
	return OK;
}

int inheritance_parse(const char *text, struct inheritance *out)
{
	struct slice rest = slice_str(text);
	*out = (struct inheritance){ .channel = -1, .board = -1, .log = -1 };
	while (rest.ptr) {
		struct slice value = slice_split(&rest, ';');
		struct slice name = slice_split(&value, '=');
		if (!value.ptr || parse_field(name, value, out) < 0)
			return ERR_SYNTAX;
	}
	return out->channel < 0 ? ERR_SYNTAX : OK;
}
