/*
 * dump.c - writes a snapshot in the language of the file, so that reading it gives the same
 * snapshot.
 *
 * A scope shows every key of the groups that begin with it, and of those that it inherits only what
 * is written in it: whether something is given at a place can have a meaning of its own.
 */
#include "config/dump.h"

#include "config/load.h"
#include "config/scope.h"
#include "config/value.h"

struct dumper {
	struct buf *out;
	bool comments;
	bool disabled; /* everything is a comment */
	int depth;
};

/* A group at one place. */
struct shown {
	const struct key_group *group;
	const void *settings;
	const struct group_origin *origin;
	bool whole;  /* also what is not given */
	bool absent; /* also what is not set, as a comment */
};

static void put(struct dumper *d, const char *text)
{
	(void)!buf_append(d->out, slice_str(text));
}

static void indent(struct dumper *d)
{
	put(d, d->disabled ? "// " : "");
	for (int i = 0; i < d->depth; i++)
		put(d, "\t");
}

static void open_block(struct dumper *d, const char *name, const char *bracket)
{
	indent(d);
	if (name)
		(void)!buf_printf(d->out, "%s = ", name);
	(void)!buf_printf(d->out, "%s\n", bracket);
	d->depth++;
}

static void close_block(struct dumper *d, const char *bracket)
{
	d->depth--;
	indent(d);
	(void)!buf_printf(d->out, "%s\n", bracket);
}

/* Ends the line. */
static void put_origin(struct dumper *d, const struct key_origin *o)
{
	if (!d->comments)
		put(d, "\n");
	else if (!o || !o->given)
		put(d, " // default\n");
	else if (o->place.file)
		(void)!buf_printf(d->out, " // %s:%d\n", o->place.file, o->place.line);
	else
		(void)!buf_printf(d->out, " // %s\n", o->place.source);
}

static void put_rows(struct dumper *d, const struct shown *s);

static void put_nested(
    struct dumper *d, const struct key *k, const void *settings, const struct key_origin *o)
{
	struct shown s = { k->group, (const char *)settings + k->offset, o->nested, true, false };
	open_block(d, k->name, "{");
	put_rows(d, &s);
	close_block(d, "};");
}

static void put_list(
    struct dumper *d, const struct key *k, const void *settings, const struct key_origin *o)
{
	const struct config_groups *list = (const void *)((const char *)settings + k->offset);
	open_block(d, k->name, "(");
	for (size_t i = 0; i < list->count; i++) {
		struct shown s = { k->group, (const char *)list->list + i * k->group->size,
			&o->nested[i], true, false };
		open_block(d, NULL, "{");
		put_rows(d, &s);
		close_block(d, i + 1 < list->count ? "}," : "}");
	}
	close_block(d, ");");
}

static void put_value(
    struct dumper *d, const struct key *k, const void *settings, const struct key_origin *o)
{
	indent(d);
	(void)!buf_printf(d->out, "%s = ", k->name);
	value_write(k, settings, d->out);
	put(d, ";");
	put_origin(d, o);
}

static void put_absent(struct dumper *d, const struct key *k)
{
	if (!d->comments)
		return;
	indent(d);
	(void)!buf_printf(d->out, "// %s: not set\n", k->name);
}

static void put_row(struct dumper *d, const struct shown *s, const struct key *k)
{
	const struct key_origin *o = s->origin->keys ? &s->origin->keys[k - s->group->keys] : NULL;
	bool given = o && o->given;
	if (k->type == KEY_GROUP || k->type == KEY_GROUPS) {
		if (given && k->type == KEY_GROUP)
			put_nested(d, k, s->settings, o);
		else if (given)
			put_list(d, k, s->settings, o);
	} else if ((given || (s->whole && k->def)) && value_is_set(k, s->settings)) {
		put_value(d, k, s->settings, o);
	} else if (s->absent) {
		put_absent(d, k);
	}
}

static void put_rows(struct dumper *d, const struct shown *s)
{
	for (const struct key *k = s->group->keys; k->name; k++)
		if (!key_is_scopes(k))
			put_row(d, s, k);
}

/* Whether no scope around this one can have the group. */
static bool begins_at(const struct config_scope *scope, const struct key_group *g)
{
	for (const struct config_scope *up = scope->parent; up; up = up->parent)
		if (g->scopes & up->kind)
			return false;
	return true;
}

/* Keys with places of their own are in force wherever they stand, whether the group is given or
 * not. */
static bool always_in_force(const struct key_group *g)
{
	for (const struct key *k = g->keys; k->name; k++)
		if (k->scopes)
			return true;
	return false;
}

static void put_named(struct dumper *d, const struct config_scope *scope, const struct shown *s)
{
	/* Writing it would be giving it, and where a group can stand at a site or a route that says
	 * something: so it is shown, but as a comment. */
	bool disabled = !s->origin->given && s->group->scopes != (unsigned)scope->kind &&
			!always_in_force(s->group);
	if (disabled && !d->comments)
		return;
	d->disabled = disabled;
	open_block(d, s->group->name, "{");
	put_rows(d, s);
	close_block(d, "};");
	d->disabled = false;
}

static void put_scope(struct dumper *d, const struct config_scope *scope)
{
	bool global = scope->kind == SCOPE_GLOBAL;
	for (size_t i = 0; scope->snapshot->groups[i]; i++) {
		const struct key_group *g = scope->snapshot->groups[i];
		if (!(g->scopes & scope->kind))
			continue;
		struct shown s = { g, scope->settings[i], scope_origin(scope, i),
			begins_at(scope, g), global };
		if (!g->name)
			put_rows(d, &s);
		else if (s.origin->given || global)
			put_named(d, scope, &s);
	}
}

static void put_scopes(
    struct dumper *d, const char *name, struct config_scope *const *list, size_t count)
{
	if (count == 0)
		return;
	open_block(d, name, "(");
	for (size_t i = 0; i < count; i++) {
		open_block(d, NULL, "{");
		put_scope(d, list[i]);
		put_scopes(d, "routes", list[i]->routes, list[i]->route_count);
		close_block(d, i + 1 < count ? "}," : "}");
	}
	close_block(d, ");");
}

static void dump(const struct snapshot *s, struct dumper *d)
{
	put_scope(d, s->global);
	put_scopes(d, "listen", s->listens, s->listen_count);
	put_scopes(d, "sites", s->sites, s->site_count);
}

void config_dump(const struct snapshot *s, struct buf *out)
{
	struct dumper d = { .out = out, .comments = true };
	dump(s, &d);
}

void dump_canonical(const struct snapshot *s, struct buf *out)
{
	struct dumper d = { .out = out };
	dump(s, &d);
}
