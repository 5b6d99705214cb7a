/*
 * keys.c - walks the rows of all groups under their dotted names.
 */
#include "config/scope.h"

#include <stdio.h>

enum { NAME_ROOM = 256 };

struct walk {
	void (*fn)(void *ctx, const char *name, const struct key *key);
	void *ctx;
};

/* What stands before a nameless group's keys, by the outermost scope it may stand in. */
static const char *prefix_of(const struct key_group *g)
{
	if (g->name)
		return g->name;
	if (g->scopes & SCOPE_GLOBAL)
		return "";
	if (g->scopes & SCOPE_LISTEN)
		return "listen";
	return g->scopes & SCOPE_SITE ? "sites" : "routes";
}

static void walk_group(const struct walk *w, const struct key_group *g, const char *prefix)
{
	for (const struct key *k = g->keys; k->name; k++) {
		char name[NAME_ROOM];
		snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "." : "", k->name);
		w->fn(w->ctx, name, k);
		if ((k->type == KEY_GROUP || k->type == KEY_GROUPS) && !key_is_scopes(k))
			walk_group(w, k->group, name);
	}
}

void config_keys_list(const struct key_group *const *groups,
    void (*fn)(void *ctx, const char *name, const struct key *key), void *ctx)
{
	struct walk w = { fn, ctx };
	for (; *groups; groups++)
		walk_group(&w, *groups, prefix_of(*groups));
}
