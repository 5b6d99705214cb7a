/*
 * keys.h - configuration keys as data. A feature describes its keys in rows beside its code;
 * loading, checking, --dump, the environment and the manual's check all read these rows.
 *
 * Rows come in groups; a group is one C struct of settings. A group with a name is a group in the
 * file too (`limits = { ... }`); one without stands directly in its scope (`port` of a listen
 * entry). A group that may stand in several scopes is inherited: what is not given at a site has
 * the site's parent's value, key by key.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scope {
	SCOPE_GLOBAL = 1,
	SCOPE_LISTEN = 2, /* an entry of listen */
	SCOPE_SITE = 4,   /* an entry of sites */
	SCOPE_ROUTE = 8,  /* an entry of a site's routes */
};

/* The C type that `offset` points to stands behind each. Strings live as long as the snapshot. */
enum key_type {
	KEY_BOOL,     /* bool */
	KEY_INT,      /* int64_t */
	KEY_FLOAT,    /* double */
	KEY_STRING,   /* const char *; NULL when not given and without default */
	KEY_DURATION, /* int64_t, milliseconds */
	KEY_SIZE,     /* int64_t, bytes */
	KEY_CHOICE,   /* int: index into choices */
	KEY_MODE,     /* int64_t: "0660", octal in a string */
	KEY_RATE,     /* double, times a second */
	KEY_STRINGS,  /* struct config_strings; one string alone is taken as a list of one */
	KEY_INTS,     /* struct config_ints; likewise */
	KEY_GROUP,    /* a nested group: the struct of `group` stands at offset */
	KEY_GROUPS,   /* struct config_groups: a list of nested groups */
};

struct config_strings {
	const char **list;
	size_t count;
};
struct config_ints {
	int64_t *list;
	size_t count;
};
struct config_groups {
	void *list; /* `count` structs of group->size bytes, one after the other */
	const struct config_place *places; /* where each stands */
	size_t count;
};

/* Where something was written, for messages. file NULL: not in a file (then `line` is 0 and
 * `source` says what: "environment"). */
struct config_place {
	const char *file;
	int line;
	const char *source;
};

/* What a change of the key needs. */
enum reload_class { RELOAD_LIVE, RELOAD_RESTART };

struct key_group;

struct key {
	const char *name;
	enum key_type type;
	size_t offset;
	/* As it would be written in the environment: "30s", "true", "a,b"; NULL: none. */
	const char *def;
	/* Of INT, FLOAT, RATE, DURATION (ms), SIZE (bytes), and of each of INTS. Both 0: not
	 * bounded, but durations and sizes are never negative. */
	int64_t min, max;
	const char *const *choices; /* of CHOICE, NULL-terminated */
	/* Of GROUP and GROUPS. A group that has scopes of its own makes the elements scopes:
	 * listen, sites, routes. */
	const struct key_group *group;
	enum reload_class reload;
	/* Of a group that may stand in several scopes: SCOPE_* bits of those in which this key may
	 * be written; 0: in all of them. */
	unsigned scopes;
	bool required;
	const char *help; /* one line, no full stop */
};

struct config_report;
struct config_scope;

struct key_group {
	const char *name;       /* NULL: its rows stand directly in the scope */
	unsigned scopes;        /* SCOPE_* bits; 0 for a group that only nests in another */
	const struct key *keys; /* ends with a row whose name is NULL */
	size_t size;            /* of the struct of settings */
	/* `tls = true`, `tls = "self"`: a scalar in place of the group sets this key of it; NULL:
	 * not permitted. */
	const char *shorthand;
	const char *help;
	/* Called after loading for each place where the group was given (or once at SCOPE_GLOBAL);
	 * says what is wrong in the report. May be NULL. */
	void (*check)(
	    const struct config_scope *scope, const void *settings, struct config_report *report);
};

/*
 * Calls fn for every key there is, with its dotted name: "workers", "limits.connections",
 * "listen.port", "sites.names", "routes.path", "files.index", "upstreams.servers.url". A key that
 * may stand in several places comes once. For the manual's check.
 */
void config_keys_list(const struct key_group *const *groups,
    void (*fn)(void *ctx, const char *name, const struct key *key), void *ctx);

#define KEY_AT(type_, member) offsetof(type_, member)
#define KEYS_END             \
	{                    \
		.name = NULL \
	}

#endif
