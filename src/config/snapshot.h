/*
 * snapshot.h - a configuration, read and checked: immutable, reference-counted.
 *
 * The settings of every scope are filled in for every group: what the file gives, else what the
 * parent has, else environment and defaults. (Precedence: command line, environment, file,
 * default.)
 */
#ifndef CONFIG_SNAPSHOT_H
#define CONFIG_SNAPSHOT_H

#include "base/arena.h"
#include "config/keys.h"

struct config_scope {
	enum scope kind;
	const struct config_scope *parent; /* NULL for the global one */
	struct config_place place;
	size_t index;          /* among its siblings */
	const void **settings; /* by group; read with config_settings */
	const void *given;     /* private: which keys were written here, and where */
	const struct snapshot *snapshot;
	struct config_scope *
	    *routes; /* of a site; of a route that is a group of routes: not NULL */
	size_t route_count;
	/* Of a site: the routes that answer, those in groups among them and the groups not, in the
	 * order of trying. */
	struct config_scope **all_routes;
	size_t all_route_count;
};

struct snapshot {
	unsigned refs;
	struct arena arena;
	const char *file; /* NULL without a file */
	char digest[17];  /* 16 hex digits, equal for equal settings in force */
	const struct key_group *const *groups; /* all that are known, NULL-terminated */
	struct config_scope *global;
	struct config_scope **listens;
	size_t listen_count;
	struct config_scope **sites;
	size_t site_count;
};

struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot **s);

/* The settings of a group in force at a scope; never NULL for a group that may stand there or
 * above. The caller casts. */
const void *config_settings(const struct config_scope *s, const struct key_group *g);
/* Whether the group (key NULL) or one of its keys was written at this very scope (or set from
 * outside, at global scope). */
bool config_given(const struct config_scope *s, const struct key_group *g, const char *key);
/* Whether the key was meant at this very scope, but so that it could not be taken (key NULL: any
 * of the group's). Only ever true while a configuration is checked: one with mistakes does not come
 * into force. */
bool config_mistaken(const struct config_scope *s, const struct key_group *g, const char *key);
/* Where: of the key, else of the group, else of the scope; inherited ones where they were written.
 */
struct config_place config_place(
    const struct config_scope *s, const struct key_group *g, const char *key);

/* The site that a scope is, or stands in; NULL for those outside of sites. */
const struct config_scope *config_scope_site(const struct config_scope *s);
/* "sites[0].routes[2].routes[1]", as messages name it; "" for the global one. */
enum { CONFIG_SCOPE_NAME = 256 };
void config_scope_name(const struct config_scope *s, char out[CONFIG_SCOPE_NAME]);
/* Whether a route is a group of routes, which answers nothing itself. */
static inline bool config_scope_gathers(const struct config_scope *s)
{
	return s->kind == SCOPE_ROUTE && s->routes;
}

#endif
