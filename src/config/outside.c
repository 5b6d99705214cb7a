/*
 * outside.c - finds rows by the names they have in the environment and on the command line.
 */
#include "config/outside.h"

#include "config/suggest.h"

#include <ctype.h>
#include <stdio.h>

enum { NAME_ROOM = 128 };

static const char prefix[] = "HTTPD_";

/* "log.level" becomes "HTTPD_LOG_LEVEL". */
static void variable_of(const char *dotted, char out[NAME_ROOM])
{
	size_t len = (size_t)snprintf(out, NAME_ROOM, "%s", prefix);
	for (; *dotted && len + 1 < NAME_ROOM; dotted++)
		out[len++] = *dotted == '.' ? '_' : (char)toupper((unsigned char)*dotted);
	out[len] = '\0';
}

static void dotted_of(const struct key_group *g, const struct key *key, char out[NAME_ROOM])
{
	snprintf(out, NAME_ROOM, "%s%s%s", g->name ? g->name : "", g->name ? "." : "", key->name);
}

/* Looks for a key of the global scope by name, and keeps the nearest. */
struct search {
	const char *wanted; /* a variable's name, or a dotted one */
	bool variable;
	struct suggestion near;
	char nearest[NAME_ROOM]; /* the storage behind near.name */
	size_t group;
	const struct key *key;
};

static bool try_name(struct search *s, const char *dotted)
{
	char name[NAME_ROOM];
	if (s->variable)
		variable_of(dotted, name);
	else
		snprintf(name, sizeof(name), "%s", dotted);
	if (strcmp(name, s->wanted) == 0)
		return true;
	suggest_try(&s->near, name);
	if (s->near.name == name)
		s->near.name = memcpy(s->nearest, name, sizeof(name));
	return false;
}

static bool find(struct search *s, const struct snapshot *snapshot)
{
	for (size_t i = 0; snapshot->groups[i]; i++) {
		const struct key_group *g = snapshot->groups[i];
		for (const struct key *k = g->keys; k->name; k++) {
			char dotted[NAME_ROOM];
			if (!(g->scopes & SCOPE_GLOBAL) || k->type == KEY_GROUP ||
			    k->type == KEY_GROUPS)
				continue;
			dotted_of(g, k, dotted);
			if (try_name(s, dotted)) {
				s->group = i;
				s->key = k;
				return true;
			}
		}
	}
	return false;
}

static void unknown(struct reader *r, const struct search *s, const struct text_value *value)
{
	struct config_place at = { .source = value->source };
	if (s->near.name)
		report_warning(r->report, at, "unknown setting '%s' (did you mean '%s'?)",
		    value->name, s->near.name);
	else
		report_warning(r->report, at, "unknown setting '%s'", value->name);
}

static void set(struct reader *r, struct config_scope *global, struct search *s,
    const struct text_value *value, struct outside *out)
{
	suggest_start(&s->near, s->wanted);
	if (try_name(s, "port"))
		out->port = *value;
	else if (try_name(s, "root"))
		out->root = *value;
	else if (!s->variable && try_name(s, "tls"))
		out->tls = *value;
	else if (find(s, r->snapshot))
		reader_text(r, global, s->group, s->key, value);
	else
		unknown(r, s, value);
}

static void apply_environment(
    struct reader *r, struct config_scope *global, char **list, struct outside *out)
{
	struct arena *a = &r->snapshot->arena;
	for (; list && *list; list++) {
		struct slice value = slice_str(*list);
		if (!slice_starts(value, slice_str(prefix)))
			continue;
		const char *name = arena_dup(a, slice_split(&value, '=')).ptr;
		if (value.len == 0) /* set to nothing, as scripts do: as if unset */
			continue;
		struct text_value v = { arena_dup(a, value).ptr, name, "environment" };
		struct search s = { .wanted = name, .variable = true };
		set(r, global, &s, &v, out);
	}
}

static void apply_overrides(struct reader *r, struct config_scope *global,
    const struct config_request *request, struct outside *out)
{
	static const char source[] = "command line";
	for (size_t i = 0; i < request->override_count; i++) {
		const struct config_override *o = &request->overrides[i];
		struct text_value v = { o->value, o->option, source };
		struct search s = { .wanted = o->name };
		set(r, global, &s, &v, out);
	}
	if (request->directory)
		out->root = (struct text_value){ request->directory, "DIRECTORY", source };
}

void outside_apply(struct reader *r, struct config_scope *global,
    const struct config_request *request, struct outside *out)
{
	*out = (struct outside){ 0 };
	apply_environment(r, global, request->environ_list, out);
	apply_overrides(r, global, request, out);
}
