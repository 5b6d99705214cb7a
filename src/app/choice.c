/*
 * choice.c - reads from a route's settings which handler it has. Used when routes are built and
 * when they are checked.
 */
#include "app/choice.h"

#include "config/core.h"

static bool group_has(const struct key_group *g, const char *name)
{
	for (const struct key *k = g->keys; k && k->name; k++)
		if (strcmp(k->name, name) == 0)
			return true;
	return false;
}

typedef bool (*given_fn)(const struct config_scope *s, const struct key_group *g, const char *key);

/* Whether the key that chooses the handler is `given`: a group, or one key of a group without a
 * name. */
static bool selects(const struct handler *h, const struct config_scope *route, given_fn given)
{
	if (!h->select) {
		const struct route_settings *settings = config_settings(route, &route_group);
		return settings->handler && strcmp(settings->handler, h->name) == 0;
	}
	for (const struct key_group *const *g = h->groups; g && *g; g++) {
		if ((*g)->name && strcmp((*g)->name, h->select) == 0)
			return given(route, *g, NULL);
		if (!(*g)->name && group_has(*g, h->select))
			return given(route, *g, h->select);
	}
	return false;
}

const struct handler *choice_first(const struct config_scope *route, const struct modules *m)
{
	for (const struct handler *const *h = m->handlers; *h; h++)
		if (selects(*h, route, config_given))
			return *h;
	return NULL;
}

bool choice_is(const struct config_scope *route, const struct handler *h)
{
	return selects(h, route, config_given);
}

unsigned choice_count(const struct config_scope *route, const struct modules *m)
{
	unsigned count = 0;
	for (const struct handler *const *h = m->handlers; *h; h++)
		count += selects(*h, route, config_given);
	return count;
}

static bool for_routes_only(const struct handler *h)
{
	for (const struct key_group *const *g = h->groups; g && *g; g++)
		if (((*g)->name ? strcmp((*g)->name, h->select) == 0 : group_has(*g, h->select)))
			return (*g)->scopes == SCOPE_ROUTE;
	return false;
}

const struct handler *choice_unshared(const struct config_scope *group, const struct modules *m)
{
	for (const struct handler *const *h = m->handlers; *h; h++)
		if ((*h)->select && for_routes_only(*h) && selects(*h, group, config_given))
			return *h;
	return NULL;
}

bool choice_mistaken(const struct config_scope *route, const struct modules *m)
{
	for (const struct handler *const *h = m->handlers; *h; h++)
		if (selects(*h, route, config_mistaken))
			return true;
	return false;
}

const struct handler *choice_by_name(const char *name, const struct modules *m)
{
	for (const struct handler *const *h = m->handlers; *h; h++)
		if (strcmp((*h)->name, name) == 0)
			return *h;
	return NULL;
}

struct slice host_canonical(const char *name, struct arena *a)
{
	if (!name)
		return SLICE_NONE;
	struct slice copy = arena_dup(a, slice_str(name));
	char *text = (char *)copy.ptr;
	for (size_t i = 0; i < copy.len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] |= 0x20;
	if (copy.len > 1 && text[copy.len - 1] == '.')
		copy.len--;
	return copy;
}
