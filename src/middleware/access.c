/*
 * access.c - allow and deny: lets a request pass or refuses it by its client's address.
 *
 * Of all entries of both lists the narrowest around the address decides, so the order of writing
 * does not matter; of two that are equal, the one in deny. Who is in none is refused where there
 * is an allow. The address is that of the connection: no header field can change it.
 */
#include "middleware/access.h"

#include "app/guard.h"
#include "base/mem.h"
#include "net/prefix.h"

#include <stdio.h>

struct access {
	const struct access_settings *settings;
	const struct net_prefix_table *table; /* of allow, then deny */
	const struct config_scope *scope;     /* for places in messages */
};

/* Routes without lists of their own share those around them, and what was made of them: a block
 * list may have thousands of entries. */
static struct {
	const struct access_settings *settings;
	const struct net_prefix_table *table;
} last_made;

static size_t entry_count(const struct access_settings *s)
{
	return s->allow.count + s->deny.count;
}

static bool is_allowing(const struct access_settings *s, int entry)
{
	return entry < 0 ? s->allow.count == 0 : (size_t)entry < s->allow.count;
}

static const char *entry_text(const struct access_settings *s, size_t entry)
{
	return entry < s->allow.count ? s->allow.list[entry] : s->deny.list[entry - s->allow.count];
}

/* The key that decided: in no entry, the one that could have had another outcome. */
static const char *deciding_key(const struct access_settings *s, int entry)
{
	if (entry < 0)
		return s->allow.count ? "allow" : "deny";
	return (size_t)entry < s->allow.count ? "allow" : "deny";
}

static void check_list(const struct config_scope *scope, const char *key,
    const struct config_strings *entries, struct config_report *report)
{
	if (config_given(scope, &access_group, key))
		guard_check_addresses(
		    entries, key, config_place(scope, &access_group, key), report);
}

/* Not so for deny: an empty one lifts what stands further out. */
static void check_nobody(
    const struct config_scope *scope, const struct access_settings *s, struct config_report *report)
{
	if (s->allow.count > 0 || !config_given(scope, &access_group, "allow") ||
	    config_mistaken(scope, &access_group, "allow"))
		return;
	report_mistake(report, config_place(scope, &access_group, "allow"),
	    "allow: an empty list (expected allow = \"all\" for everybody, deny = \"all\" for "
	    "nobody)");
}

static void check(const struct config_scope *scope, struct config_report *report)
{
	const struct access_settings *s = config_settings(scope, &access_group);
	check_list(scope, "allow", &s->allow, report);
	check_list(scope, "deny", &s->deny, report);
	check_nobody(scope, s, report);
}

static const struct net_prefix_table *make_table(const struct access_settings *s, struct arena *a)
{
	size_t count = entry_count(s);
	struct net_prefix *list = mem_alloc(count * sizeof(*list));
	for (size_t i = 0; i < count; i++)
		if (net_prefix_parse(slice_str(entry_text(s, i)), &list[i]) < 0)
			list[i] = (struct net_prefix){ .family = AF_UNIX }; /* was a mistake */
	const struct net_prefix_table *table = net_prefix_table_new(list, count, a);
	mem_free(list);
	return table;
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct access_settings *s = config_settings(route, &access_group);
	if (entry_count(s) == 0)
		return NULL;
	struct access *access = arena_zalloc(a, sizeof(*access));
	access->settings = s;
	access->scope = route;
	access->table = last_made.settings == s ? last_made.table : make_table(s, a);
	last_made.settings = s;
	last_made.table = access->table;
	return access;
}

/* The table goes with the sites. */
static void release(void *state)
{
	(void)state;
	last_made.settings = NULL;
}

static enum step enter(struct request *r, void *state)
{
	const struct access *access = state;
	if (is_allowing(access->settings, net_prefix_table_find(access->table, r->peer)))
		return STEP_NEXT;
	response_error(r, 403, "allow and deny keep this address out");
	return STEP_ANSWERED;
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct access *access = state;
	const struct access_settings *s = access->settings;
	char peer[NET_ADDR_TEXT];
	if (!r->peer) {
		snprintf(text_out, room, "allow and deny look at the client's address");
		return STEP_WAIT;
	}
	net_addr_host(r->peer, peer);
	int entry = net_prefix_table_find(access->table, r->peer);
	bool allowed = is_allowing(s, entry);
	const char *key = deciding_key(s, entry);
	struct config_place at = config_place(access->scope, &access_group, key);
	if (entry < 0)
		snprintf(text_out, room, "%s: %s is not in %s (%s:%d)", allowed ? "allowed" : "403",
		    peer, key, at.file ? at.file : "", at.line);
	else
		snprintf(text_out, room, "%s: %s is in %s by \"%s\" (%s:%d)",
		    allowed ? "allowed" : "403", peer, key, entry_text(s, (size_t)entry),
		    at.file ? at.file : "", at.line);
	r->response.status = allowed ? 0 : 403;
	return allowed ? STEP_NEXT : STEP_ANSWERED;
}

static const struct key_group *const groups[] = { &access_group, NULL };

const struct middleware access_middleware = {
	.name = "access",
	.groups = groups,
	.guards = true,
	.check = check,
	.prepare = prepare,
	.release = release,
	.enter = enter,
	.explain = explain,
};
