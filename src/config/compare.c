/*
 * compare.c - which changes between two snapshots a running master can not take up.
 */
#include "config/load.h"
#include "config/scope.h"
#include "config/value.h"

#include <stdio.h>

enum {
	NAME_ROOM = 128,
	VALUE_ROOM = 1 << 20, /* longer values are equal if their beginnings are */
};

static bool same_value(const struct key *k, const void *a, const void *b)
{
	struct buf x, y;
	bool set = value_is_set(k, a);
	if (set != value_is_set(k, b))
		return false;
	buf_init(&x, VALUE_ROOM);
	buf_init(&y, VALUE_ROOM);
	if (set) {
		value_write(k, a, &x);
		value_write(k, b, &y);
	}
	bool same = slice_eq(buf_peek(&x), buf_peek(&y));
	buf_fini(&x);
	buf_fini(&y);
	return same;
}

void config_compare(const struct snapshot *running, const struct snapshot *wanted,
    void (*fn)(void *ctx, const char *key), void *ctx)
{
	for (size_t i = 0; running->groups[i]; i++) {
		const struct key_group *g = running->groups[i];
		const void *a = config_settings(running->global, g);
		const void *b = config_settings(wanted->global, g);
		if (!(g->scopes & SCOPE_GLOBAL))
			continue;
		for (const struct key *k = g->keys; k->name; k++) {
			char name[NAME_ROOM];
			if (k->reload != RELOAD_RESTART || same_value(k, a, b))
				continue;
			snprintf(name, sizeof(name), "%s%s%s", g->name ? g->name : "",
			    g->name ? "." : "", k->name);
			fn(ctx, name);
		}
	}
}
