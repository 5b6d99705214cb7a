/*
 * snapshot.c - the life of a snapshot, its scopes, and what others ask of them.
 */
#include "config/scope.h"

#include "base/mem.h"
#include "config/value.h"

#include <assert.h>
#include <stdio.h>

struct snapshot *snapshot_ref(struct snapshot *s)
{
	s->refs++;
	return s;
}

void snapshot_unref(struct snapshot **s)
{
	struct snapshot *old = *s;
	*s = NULL;
	if (!old || --old->refs > 0)
		return;
	/* The arena's own struct stands in the snapshot, not in the arena. */
	arena_fini(&old->arena);
	mem_free(old);
}

static size_t group_count(const struct snapshot *s)
{
	size_t n = 0;
	while (s->groups[n])
		n++;
	return n;
}

size_t scope_group(const struct snapshot *s, const struct key_group *g)
{
	size_t n = 0;
	while (s->groups[n] && s->groups[n] != g)
		n++;
	assert(s->groups[n] && "a group that is not among those loaded");
	return n;
}

const struct key *key_find(const struct key_group *g, const char *name)
{
	for (const struct key *k = g->keys; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

size_t key_count(const struct key_group *g)
{
	size_t n = 0;
	while (g->keys[n].name)
		n++;
	return n;
}

bool key_is_scopes(const struct key *key)
{
	return key->type == KEY_GROUPS && key->group->scopes != 0;
}

void group_set_defaults(struct arena *a, const struct key_group *g, void *settings)
{
	char why[VALUE_WHY_MAX];
	for (const struct key *k = g->keys; k->name; k++) {
		if (k->type == KEY_GROUP) {
			group_set_defaults(a, k->group, (char *)settings + k->offset);
			continue;
		}
		int rc = k->def ? value_from_text(k, k->def, a, settings, why) : OK;
		assert(rc == OK && "a row's default is not of the row's type");
	}
}

void *group_defaults(struct arena *a, const struct key_group *g)
{
	void *settings = arena_zalloc(a, g->size);
	group_set_defaults(a, g, settings);
	return settings;
}

struct config_scope *scope_new(struct snapshot *s, enum scope kind,
    const struct config_scope *parent, struct config_place place, size_t index)
{
	size_t n = group_count(s);
	struct config_scope *scope = arena_zalloc(&s->arena, sizeof(*scope));
	*scope = (struct config_scope){
		.kind = kind,
		.parent = parent,
		.place = place,
		.index = index,
		.settings = arena_zalloc(&s->arena, n * sizeof(*scope->settings)),
		.given = arena_zalloc(&s->arena, n * sizeof(struct group_origin)),
		.snapshot = s,
	};
	for (size_t g = 0; g < n; g++)
		scope->settings[g] =
		    parent ? parent->settings[g] : group_defaults(&s->arena, s->groups[g]);
	return scope;
}

void *scope_own(struct config_scope *s, size_t g)
{
	struct snapshot *snapshot = (struct snapshot *)s->snapshot;
	if (s->parent && s->settings[g] == s->parent->settings[g]) {
		size_t size = snapshot->groups[g]->size;
		s->settings[g] = memcpy(arena_alloc(&snapshot->arena, size), s->settings[g], size);
	}
	return (void *)s->settings[g];
}

struct group_origin *scope_origin(const struct config_scope *s, size_t g)
{
	return (struct group_origin *)s->given + g;
}

struct key_origin *origin_of_key(
    struct snapshot *s, struct group_origin *o, const struct key_group *g, const struct key *key)
{
	if (!o->keys)
		o->keys = arena_zalloc(&s->arena, key_count(g) * sizeof(*o->keys));
	return &o->keys[key - g->keys];
}

const void *config_settings(const struct config_scope *s, const struct key_group *g)
{
	return s->settings[scope_group(s->snapshot, g)];
}

/* What is known of a key at this very scope; NULL if nothing. */
static const struct key_origin *origin_at(
    const struct config_scope *s, const struct key_group *g, const char *name)
{
	const struct group_origin *o = scope_origin(s, scope_group(s->snapshot, g));
	const struct key *key = key_find(g, name);
	assert(key && "a key that the group does not have");
	return o->keys ? &o->keys[key - g->keys] : NULL;
}

bool config_given(const struct config_scope *s, const struct key_group *g, const char *key)
{
	if (!key)
		return scope_origin(s, scope_group(s->snapshot, g))->given;
	const struct key_origin *o = origin_at(s, g, key);
	return o && o->given;
}

bool config_mistaken(const struct config_scope *s, const struct key_group *g, const char *key)
{
	if (!key)
		return scope_origin(s, scope_group(s->snapshot, g))->mistaken;
	const struct key_origin *o = origin_at(s, g, key);
	return o && o->mistaken;
}

struct config_place config_place(
    const struct config_scope *s, const struct key_group *g, const char *key)
{
	for (const struct config_scope *at = s; key && at; at = at->parent)
		if (config_given(at, g, key))
			return origin_at(at, g, key)->place;
	for (const struct config_scope *at = s; at; at = at->parent)
		if (config_given(at, g, NULL))
			return scope_origin(at, scope_group(at->snapshot, g))->place;
	return s->place;
}

const struct config_scope *config_scope_site(const struct config_scope *s)
{
	while (s && s->kind != SCOPE_SITE)
		s = s->parent;
	return s;
}

static size_t name_up(const struct config_scope *s, char *out, size_t len)
{
	if (s->kind == SCOPE_GLOBAL)
		return len;
	const char *list = s->kind == SCOPE_LISTEN ? "listen"
			   : s->kind == SCOPE_SITE ? "sites"
						   : "routes";
	len = name_up(s->parent, out, len);
	if (len < CONFIG_SCOPE_NAME)
		len += (size_t)snprintf(out + len, CONFIG_SCOPE_NAME - len, "%s%s[%zu]",
		    len ? "." : "", list, s->index);
	return len;
}

void config_scope_name(const struct config_scope *s, char out[CONFIG_SCOPE_NAME])
{
	out[0] = '\0';
	name_up(s, out, 0);
}
