/*
 * reader.c - fills scopes from libconfig's tree, row by row, and says what does not fit.
 */
#include "config/reader.h"

#include "config/unknown.h"
#include "config/value.h"

#include <stdio.h>

/* A struct of settings being filled. */
struct frame {
	const struct key_group *group;
	void *settings;
	struct group_origin *origin;
	const struct path *path; /* of the group */
	enum scope kind;         /* where it stands; of a nested group 0 */
};

static size_t format_up(const struct path *p, char *out, size_t len)
{
	if (p->up)
		len = format_up(p->up, out, len);
	if (p->name && len < PATH_ROOM)
		len +=
		    (size_t)snprintf(out + len, PATH_ROOM - len, "%s%s", len ? "." : "", p->name);
	if (p->name && p->index >= 0 && len < PATH_ROOM)
		len += (size_t)snprintf(out + len, PATH_ROOM - len, "[%zd]", p->index);
	return len;
}

void path_format(const struct path *p, const char *key, char out[PATH_ROOM])
{
	out[0] = '\0';
	size_t len = format_up(p, out, 0);
	if (key && len < PATH_ROOM)
		snprintf(out + len, PATH_ROOM - len, "%s%s", len ? "." : "", key);
}

struct config_place reader_place(const struct reader *r, const config_setting_t *setting)
{
	if (!r->source)
		return (struct config_place){ .source = r->origin };
	return source_place(r->source, config_setting_source_line(setting));
}

/* Reports what is wrong with one key, or with the frame's group itself (key NULL). */
static void mistake(struct reader *r, const struct frame *f, const struct key *key,
    const config_setting_t *setting, const char *why)
{
	char name[PATH_ROOM];
	path_format(f->path, key ? key->name : NULL, name);
	f->origin->mistaken = true;
	if (key)
		origin_of_key(r->snapshot, f->origin, f->group, key)->mistaken = true;
	report_mistake(r->report, reader_place(r, setting), "%s: %s", name, why);
}

static void wrong_kind(struct reader *r, const struct frame *f, const struct key *key,
    const config_setting_t *setting, const char *expected)
{
	char found[VALUE_WHY_MAX / 2], why[VALUE_WHY_MAX];
	value_describe(setting, found, sizeof(found));
	snprintf(why, sizeof(why), "%s is not %s", found, expected);
	mistake(r, f, key, setting, why);
}

/* What was misspelt is not said to be missing as well. */
static void note_misspelt(
    struct reader *r, struct group_origin *o, const struct key_group *g, const char *meant)
{
	const struct key *key = meant ? key_find(g, meant) : NULL;
	if (key)
		origin_of_key(r->snapshot, o, g, key)->mistaken = true;
}

static void require(struct reader *r, const struct frame *f, const config_setting_t *setting)
{
	char name[PATH_ROOM];
	for (const struct key *k = f->group->keys; k->name && !r->partial; k++) {
		const struct key_origin *o = origin_of_key(r->snapshot, f->origin, f->group, k);
		if (!k->required || o->given || o->mistaken)
			continue;
		path_format(f->path, NULL, name);
		f->origin->mistaken = true;
		report_mistake(r->report, reader_place(r, setting), "%s: '%s' is missing (%s)",
		    name, k->name, k->help);
	}
}

static void read_key(struct reader *r, const struct frame *f, const struct key *key,
    const config_setting_t *setting);

static void read_rows(struct reader *r, const struct frame *f, const config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const struct key *key = key_find(f->group, config_setting_name(s));
		if (key) {
			read_key(r, f, key, s);
		} else {
			f->origin->mistaken = true;
			note_misspelt(r, f->origin, f->group, unknown_row(r, f->path, f->group, s));
		}
	}
}

/* A group, or the scalar that stands for one. False when it is neither. */
static bool read_group(struct reader *r, const struct frame *f, const config_setting_t *setting)
{
	char why[VALUE_WHY_MAX];
	f->origin->given = true;
	f->origin->place = reader_place(r, setting);
	if (config_setting_is_group(setting)) {
		read_rows(r, f, setting);
		return true;
	}
	const struct key *key =
	    f->group->shorthand ? key_find(f->group, f->group->shorthand) : NULL;
	if (!key || config_setting_is_aggregate(setting)) {
		wrong_kind(r, f, NULL, setting, "a group (expected { key = value; })");
		return false;
	}
	struct key_origin *o = origin_of_key(r->snapshot, f->origin, f->group, key);
	o->given = true;
	o->place = f->origin->place;
	if (value_from_setting(key, setting, &r->snapshot->arena, f->settings, why) < 0) {
		char both[VALUE_WHY_MAX + 32];
		snprintf(both, sizeof(both), "%s, or { key = value; }", why);
		mistake(r, f, NULL, setting, both);
	}
	return true;
}

static void read_nested(
    struct reader *r, const struct frame *f, const struct key *key, const config_setting_t *setting)
{
	struct key_origin *o = origin_of_key(r->snapshot, f->origin, f->group, key);
	struct path path = { f->path, key->name, -1 };
	o->nested = arena_zalloc(&r->snapshot->arena, sizeof(*o->nested));
	struct frame nested = { key->group, (char *)f->settings + key->offset, o->nested, &path,
		0 };
	if (read_group(r, &nested, setting))
		require(r, &nested, setting);
	f->origin->mistaken |= nested.origin->mistaken;
}

static void read_list(
    struct reader *r, const struct frame *f, const struct key *key, const config_setting_t *setting)
{
	struct arena *a = &r->snapshot->arena;
	struct key_origin *o = origin_of_key(r->snapshot, f->origin, f->group, key);
	if (!config_setting_is_list(setting)) {
		wrong_kind(r, f, key, setting, "a list of groups (expected ( { ... }, { ... } ))");
		return;
	}
	size_t count = (size_t)config_setting_length(setting), size = key->group->size;
	char *list = arena_zalloc(a, count * size + 1);
	struct config_place *places = arena_zalloc(a, (count + 1) * sizeof(*places));
	o->nested = arena_zalloc(a, (count + 1) * sizeof(*o->nested));
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *s = config_setting_get_elem(setting, (unsigned)i);
		struct path path = { f->path, key->name, (ptrdiff_t)i };
		struct frame one = { key->group, list + i * size, &o->nested[i], &path, 0 };
		group_set_defaults(a, key->group, one.settings);
		places[i] = reader_place(r, s);
		if (read_group(r, &one, s))
			require(r, &one, s);
		f->origin->mistaken |= one.origin->mistaken;
	}
	*(struct config_groups *)((char *)f->settings + key->offset) =
	    (struct config_groups){ list, places, count };
}

static void read_key(
    struct reader *r, const struct frame *f, const struct key *key, const config_setting_t *setting)
{
	char why[VALUE_WHY_MAX];
	if (config_setting_type(setting) == CONFIG_TYPE_NONE)
		return; /* its value is where the syntax went wrong */
	if (key->scopes && !(key->scopes & f->kind)) {
		unknown_place(key, why, sizeof(why));
		mistake(r, f, key, setting, why);
		return;
	}
	struct key_origin *o = origin_of_key(r->snapshot, f->origin, f->group, key);
	o->given = true;
	o->place = reader_place(r, setting);
	if (!f->origin->given) {
		f->origin->given = true;
		f->origin->place = o->place;
	}
	if (key->type == KEY_GROUP)
		read_nested(r, f, key, setting);
	else if (key->type == KEY_GROUPS)
		read_list(r, f, key, setting);
	else if (value_from_setting(key, setting, &r->snapshot->arena, f->settings, why) < 0)
		mistake(r, f, key, setting, why);
}

/* One member of a scope: a named group, a row of a nameless one, or nothing that is known there. */
static void read_member(struct reader *r, struct config_scope *scope, const struct path *path,
    const config_setting_t *s)
{
	const char *name = config_setting_name(s);
	for (size_t i = 0; r->snapshot->groups[i]; i++) {
		const struct key_group *g = r->snapshot->groups[i];
		if (!(g->scopes & scope->kind))
			continue;
		if (g->name && strcmp(g->name, name) == 0) {
			struct path named = { path, name, -1 };
			struct frame f = { g, scope_own(scope, i), scope_origin(scope, i), &named,
				scope->kind };
			read_group(r, &f, s);
			return;
		}
		const struct key *key = g->name ? NULL : key_find(g, name);
		if (!key)
			continue;
		struct frame f = { g, scope_own(scope, i), scope_origin(scope, i), path,
			scope->kind };
		if (!key_is_scopes(key))
			read_key(r, &f, key, s);
		return;
	}
	const char *meant = unknown_member(r, path, scope->kind, s);
	for (size_t i = 0; r->snapshot->groups[i]; i++) {
		const struct key_group *g = r->snapshot->groups[i];
		if ((g->scopes & scope->kind) && !g->name)
			note_misspelt(r, scope_origin(scope, i), g, meant);
	}
}

void reader_scope(struct reader *r, struct config_scope *scope, const struct path *path,
    const config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		if (config_setting_type(s) != CONFIG_TYPE_NONE)
			read_member(r, scope, path, s);
	}
}

void reader_text(struct reader *r, struct config_scope *scope, size_t g, const struct key *key,
    const struct text_value *value)
{
	char why[VALUE_WHY_MAX];
	const struct key_group *group = r->snapshot->groups[g];
	struct group_origin *o = scope_origin(scope, g);
	struct key_origin *ko = origin_of_key(r->snapshot, o, group, key);
	struct config_place at = { .source = value->source };
	*ko = (struct key_origin){ .given = true, .place = at };
	if (!o->given) {
		o->given = true;
		o->place = at;
	}
	void *settings = scope_own(scope, g);
	if (value_from_text(key, value->text, &r->snapshot->arena, settings, why) < 0) {
		ko->mistaken = o->mistaken = true;
		report_mistake(r->report, at, "%s: %s", value->name, why);
	}
}

static bool given_here_or_above(
    const struct config_scope *scope, const struct key_group *g, const char *key)
{
	for (; scope; scope = scope->parent)
		if (config_given(scope, g, key))
			return true;
	return false;
}

/* Rows that stand directly in a scope are its own: what a group of routes says of itself is not
 * said of its routes, and need not be said at all. */
static bool is_there(const struct config_scope *scope, const struct key_group *g, const char *key)
{
	if (g->name)
		return given_here_or_above(scope, g, key);
	return config_given(scope, g, key) || config_scope_gathers(scope);
}

/* Whether all that the group can not do without is there. Of something that is no group at all
 * nothing is said. */
static bool check_required(
    struct reader *r, const struct config_scope *scope, size_t index, const struct path *path)
{
	char name[PATH_ROOM];
	const struct key_group *g = r->snapshot->groups[index];
	const struct group_origin *o = scope_origin(scope, index);
	bool sound = true, silent = r->partial || (o->mistaken && !o->keys);
	struct path named = { path, g->name, -1 };
	path_format(&named, NULL, name);
	for (const struct key *k = g->keys; k->name; k++) {
		if (!k->required)
			continue;
		bool mistaken = config_mistaken(scope, g, k->name);
		bool given = is_there(scope, g, k->name);
		sound &= given && !mistaken;
		if (silent || given || mistaken)
			continue;
		struct config_place at = g->name ? config_place(scope, g, NULL) : scope->place;
		report_mistake(r->report, at, "%s%s'%s' is missing (%s)", name, *name ? ": " : "",
		    k->name, k->help);
	}
	return sound;
}

void reader_check(struct reader *r, const struct config_scope *scope, const struct path *path)
{
	for (size_t i = 0; r->snapshot->groups[i]; i++) {
		const struct key_group *g = r->snapshot->groups[i];
		bool given = scope_origin(scope, i)->given;
		if (!(g->scopes & scope->kind))
			continue;
		/* Other mistaken keys have their defaults, with which the check finds nothing
		 * wrong. */
		bool sound = (!given && g->name) || check_required(r, scope, i, path);
		if (sound && g->check && (given || scope->kind == SCOPE_GLOBAL))
			g->check(scope, scope->settings[i], r->report);
	}
}
