/*
 * unknown.c - tells of unknown names: where the name belongs if it is known elsewhere, else which
 * known one is near.
 */
#include "config/unknown.h"

#include "config/suggest.h"

#include <stdio.h>

/* How a scope is called, innermost last: the order in which places are told. */
static const struct {
	enum scope kind;
	const char *name;
} scopes[] = {
	{ SCOPE_GLOBAL, "at the top level" },
	{ SCOPE_LISTEN, "in a listen entry" },
	{ SCOPE_SITE, "in a site" },
	{ SCOPE_ROUTE, "in a route" },
};

enum {
	WHERE_ROOM = 128,
	NAMES_MAX = 8, /* more of them are looked up in the manual */
};

/* "in a site or in a route" */
static void scopes_format(unsigned kinds, char out[WHERE_ROOM])
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (kinds & scopes[i].kind)
			len += (size_t)snprintf(
			    out + len, WHERE_ROOM - len, "%s%s", len ? " or " : "", scopes[i].name);
}

void unknown_place(const struct key *key, char *out, size_t room)
{
	char where[WHERE_ROOM];
	scopes_format(key->scopes, where);
	snprintf(out, room, "can be set %s only", where);
}

/* Where else this very name may stand; false if nowhere. */
static bool belongs(const struct reader *r, const char *name, char out[WHERE_ROOM])
{
	unsigned kinds = 0;
	const char *group = NULL;
	for (size_t i = 0; r->snapshot->groups[i]; i++) {
		const struct key_group *g = r->snapshot->groups[i];
		if (g->name && strcmp(g->name, name) == 0)
			kinds |= g->scopes;
		else if (key_find(g, name) && g->name)
			group = group ? group : g->name;
		else if (key_find(g, name))
			kinds |= g->scopes;
	}
	if (kinds)
		scopes_format(kinds, out);
	else if (group)
		snprintf(out, WHERE_ROOM, "in %s", group);
	return kinds || group;
}

/* The last part of a path: "tls", "sites[0]"; the rest is clear from the line. */
static void container_format(const struct path *p, char *out, size_t room)
{
	if (!p->name)
		snprintf(out, room, "at the top level");
	else if (p->index < 0)
		snprintf(out, room, "in %s", p->name);
	else
		snprintf(out, room, "in %s[%zd]", p->name, p->index);
}

/* " (expected set, add or remove)"; nothing for a group of many keys. */
static void names_format(const struct key_group *g, char out[WHERE_ROOM])
{
	size_t count = 0, len = 0;
	out[0] = '\0';
	while (g && g->keys[count].name)
		count++;
	if (count == 0 || count > NAMES_MAX)
		return;
	for (size_t i = 0; i < count && len < WHERE_ROOM; i++)
		len += (size_t)snprintf(out + len, WHERE_ROOM - len, "%s%s",
		    i == 0           ? " (expected "
		    : i == count - 1 ? " or "
				     : ", ",
		    g->keys[i].name);
	if (len + sizeof(")") > WHERE_ROOM)
		out[0] = '\0';
	else
		memcpy(out + len, ")", sizeof(")"));
}

/* `g` has the keys that may stand there; NULL: those of many groups may. */
static const char *tell(struct reader *r, const struct path *path, const struct suggestion *near,
    const struct key_group *g, const config_setting_t *setting)
{
	char container[WHERE_ROOM], elsewhere[WHERE_ROOM], names[WHERE_ROOM];
	const char *name = config_setting_name(setting);
	struct config_place at = reader_place(r, setting);
	container_format(path, container, sizeof(container));
	/* A near name here beats an equal one elsewhere only if it is a single slip away. */
	bool known = belongs(r, name, elsewhere);
	if (near->name && (!known || near->distance <= 1)) {
		report_mistake(r->report, at, "unknown key '%s' %s (did you mean '%s'?)", name,
		    container, near->name);
		return near->name;
	}
	if (known)
		report_mistake(r->report, at, "unknown key '%s' %s ('%s' belongs %s)", name,
		    container, name, elsewhere);
	names_format(g, names);
	if (!known)
		report_mistake(r->report, at, "unknown key '%s' %s%s", name, container, names);
	return NULL;
}

static void try_rows(struct suggestion *near, const struct key_group *g)
{
	for (const struct key *k = g->keys; k->name; k++)
		suggest_try(near, k->name);
}

const char *unknown_member(
    struct reader *r, const struct path *path, enum scope kind, const config_setting_t *setting)
{
	struct suggestion near;
	suggest_start(&near, config_setting_name(setting));
	for (size_t i = 0; r->snapshot->groups[i]; i++) {
		const struct key_group *g = r->snapshot->groups[i];
		if (!(g->scopes & kind))
			continue;
		if (g->name)
			suggest_try(&near, g->name);
		else
			try_rows(&near, g);
	}
	return tell(r, path, &near, NULL, setting);
}

const char *unknown_row(struct reader *r, const struct path *path, const struct key_group *g,
    const config_setting_t *setting)
{
	struct suggestion near;
	suggest_start(&near, config_setting_name(setting));
	try_rows(&near, g);
	return tell(r, path, &near, g, setting);
}
