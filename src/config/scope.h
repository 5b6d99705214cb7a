/*
 * scope.h - how config/ builds a snapshot's scopes. Private to this folder; others read them with
 * snapshot.h.
 *
 * A scope shares the settings of its parent until one of a group's keys is written in it: then it
 * gets a copy of the parent's struct, and the key is changed there. So inheritance is key by key,
 * and a route without settings of its own costs a few pointers.
 */
#ifndef CONFIG_SCOPE_H
#define CONFIG_SCOPE_H

#include "config/snapshot.h"

struct group_origin;

/* Of one key at one place. */
struct key_origin {
	bool given;
	bool mistaken; /* given, but the value could not be taken */
	struct config_place place;
	struct group_origin
	    *nested; /* of KEY_GROUP one, of KEY_GROUPS as many as there are elements */
};

/* Of one group at one place. */
struct group_origin {
	bool given;
	bool mistaken; /* something in it is wrong */
	struct config_place place;
	struct key_origin *keys; /* by row; NULL until one is given */
};

/* With the settings of its parent; without a parent, with the defaults. */
struct config_scope *scope_new(struct snapshot *s, enum scope kind,
    const struct config_scope *parent, struct config_place place, size_t index);

/* The index of a group in snapshot->groups, by which `settings` and `given` are ordered. */
size_t scope_group(const struct snapshot *s, const struct key_group *g);
/* The scope's own copy of a group's settings, made at the first call. `g` from scope_group. */
void *scope_own(struct config_scope *s, size_t g);
struct group_origin *scope_origin(const struct config_scope *s, size_t g);
struct key_origin *origin_of_key(
    struct snapshot *s, struct group_origin *o, const struct key_group *g, const struct key *key);

/* A struct of settings with the defaults of its rows. */
void *group_defaults(struct arena *a, const struct key_group *g);
void group_set_defaults(struct arena *a, const struct key_group *g, void *settings);

/* The row of that name or NULL. */
const struct key *key_find(const struct key_group *g, const char *name);
size_t key_count(const struct key_group *g);
/* Whether the key's elements are scopes (listen, sites, routes) and not settings. */
bool key_is_scopes(const struct key *key);

#endif
