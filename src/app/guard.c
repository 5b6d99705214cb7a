/*
 * guard.c - see guard.h.
 */
#include "app/guard.h"

#include "app/auth.h"
#include "base/slice.h"
#include "config/core.h"
#include "net/prefix.h"

static const struct key access_keys[] = {
	{ .name = "allow",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct access_settings, allow),
	    .help = "who may come: addresses, networks, \"unix\" or \"all\"; nobody else may" },
	{ .name = "deny",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct access_settings, deny),
	    .help = "who may not; without allow everybody else may" },
	KEYS_END,
};

const struct key_group access_group = {
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = access_keys,
	.size = sizeof(struct access_settings),
	.help = "who may come, by address",
};

/* "0.0.0.0/0" is everybody, too, or near enough. */
static bool has_everybody(const struct config_strings *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		struct slice entry = slice_str(entries->list[i]);
		if (slice_eq(entry, SLICE("all")) || slice_ends(entry, SLICE("/0")))
			return true;
	}
	return false;
}

static bool keeps_out(const struct access_settings *s)
{
	if (s->allow.count > 0)
		return !has_everybody(&s->allow);
	return has_everybody(&s->deny);
}

bool scope_is_guarded(const struct config_scope *scope)
{
	return keeps_out(config_settings(scope, &access_group)) ||
	       auth_method_at(scope) != AUTH_NONE;
}

static void check_entry(
    struct config_report *report, struct config_place at, const char *key, const char *text)
{
	char better[NET_PREFIX_TEXT];
	struct net_prefix p;
	int rc = net_prefix_parse(slice_str(text), &p);
	net_prefix_format(&p, better);
	if (rc == ERR_RANGE)
		report_mistake(report, at,
		    "%s: '%s' is no network: bits are set behind the prefix (expected \"%s\", or "
		    "the address without \"/%u\")",
		    key, text, better, p.bits);
	else if (rc < 0)
		report_mistake(report, at,
		    "%s: '%s' is no address (expected \"192.0.2.1\", \"192.0.2.0/24\", "
		    "\"2001:db8::/32\", \"unix\" or \"all\")",
		    key, text);
}

void guard_check_addresses(const struct config_strings *entries, const char *key,
    struct config_place at, struct config_report *report)
{
	for (size_t i = 0; i < entries->count; i++)
		check_entry(report, at, key, entries->list[i]);
}

static bool is_local(const struct listen_settings *listen)
{
	struct slice address = slice_str(listen->address);
	return slice_starts(address, SLICE("unix:")) || slice_starts(address, SLICE("127.")) ||
	       slice_eq(address, SLICE("::1")) || slice_eq(address, SLICE("[::1]")) ||
	       slice_eq(address, SLICE("localhost"));
}

static bool is_reachable(const struct snapshot *s)
{
	for (size_t i = 0; i < s->listen_count; i++)
		if (!is_local(config_settings(s->listens[i], &listen_group)))
			return true;
	return false;
}

void guard_warn(const struct config_scope *route, const char *what, struct config_report *report)
{
	if (!scope_is_guarded(route) && is_reachable(route->snapshot))
		report_warning(report, route->place,
		    "everybody can read %s here (say who may: allow = [ \"127.0.0.0/8\", \"::1\" "
		    "])",
		    what);
}
