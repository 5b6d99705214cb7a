/*
 * core_route.c - the rows of a route, and what routes in a group take from the groups around them.
 */
#include "config/check.h"
#include "config/core.h"
#include "config/report.h"
#include "config/route.h"
#include "config/scope.h"

static const struct key route_keys[] = {
	{
	    .name = "path",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct route_settings, own_path),
	    .required = true, /* not of a group of routes: reader.c */
	    .help = "the paths it answers: \"/literal\", \"/:name\", \"/rest*\", \"*.suffix\" or "
		    "\"~expression\"",
	},
	{
	    .name = "host",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct route_settings, host),
	    .help = "the only host name it answers to",
	},
	{
	    .name = "methods",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct route_settings, methods),
	    .help = "the only methods it answers to",
	},
	{
	    .name = "handler",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct route_settings, handler),
	    .help = "a handler without settings of its own",
	},
	{
	    .name = "routes",
	    .type = KEY_GROUPS,
	    .group = &route_group,
	    .help = "makes it a group of routes, whose paths are behind its own",
	},
	KEYS_END,
};

static const struct route_settings *settings_of(const struct config_scope *route)
{
	return config_settings(route, &route_group);
}

static struct route_settings *own_settings(struct config_scope *route)
{
	return scope_own(route, scope_group(route->snapshot, &route_group));
}

/* What stands for a group and its routes in common ends where a segment does. */
static char *without_slash(struct arena *a, const char *path)
{
	struct slice s = slice_str(path);
	if (slice_ends(s, SLICE("/")))
		s.len--;
	return arena_strdup(a, arena_dup(a, s).ptr);
}

void route_begin(struct config_scope *route)
{
	struct route_settings *own = own_settings(route);
	own->group_path = route->parent->kind == SCOPE_ROUTE ? own->path : "";
	own->own_path = own->path = own->handler = NULL;
}

void route_end(struct config_scope *route, bool gathers)
{
	struct arena *a = &((struct snapshot *)route->snapshot)->arena;
	struct route_settings *own = own_settings(route);
	const char *before = own->group_path ? own->group_path : "";
	if (gathers)
		own->path = without_slash(
		    a, arena_printf(a, "%s%s", before, own->own_path ? own->own_path : ""));
	else if (own->own_path)
		own->path =
		    *before ? arena_printf(a, "%s%s", before, own->own_path) : own->own_path;
}

static void check_group_path(
    const struct config_scope *scope, const char *path, struct config_report *report)
{
	char name[CONFIG_SCOPE_NAME];
	struct config_place at = config_place(scope, &route_group, "path");
	config_scope_name(scope, name);
	if (path[0] != '/')
		report_mistake(report, at,
		    "%s.path: \"%s\" does not begin with '/', as the path of a group of routes "
		    "does",
		    name, path);
	else if (strchr(path, '*'))
		report_mistake(report, at,
		    "%s.path: '%s': the path of a group of routes has no '*' (it is what the paths "
		    "of its routes begin with: \"/api\")",
		    name, path);
}

static void check_path(const struct config_scope *scope, const struct route_settings *route,
    struct config_report *report)
{
	char name[CONFIG_SCOPE_NAME];
	const char *path = route->own_path;
	if (!path)
		return;
	config_scope_name(scope, name);
	if (config_scope_gathers(scope))
		check_group_path(scope, path, report);
	else if (path[0] ? !strchr("/*~", path[0]) : !route->path[0])
		report_mistake(report, config_place(scope, &route_group, "path"),
		    "%s.path: \"%s\" does not begin with '/', '*' or '~'", name, path);
}

static void check_host(const struct config_scope *scope, const struct route_settings *route,
    struct config_report *report)
{
	char name[CONFIG_SCOPE_NAME];
	struct config_place at = config_place(scope, &route_group, "host");
	const char *why = route->host ? check_host_name(route->host) : NULL;
	if (!config_given(scope, &route_group, "host") || !route->host)
		return;
	config_scope_name(scope, name);
	if (why)
		report_mistake(report, at, "%s.host: '%s': %s", name, route->host, why);
	const struct config_scope *group = scope->parent;
	if (group->kind != SCOPE_ROUTE || !settings_of(group)->host)
		return;
	if (!check_host_within(route->host, settings_of(group)->host))
		report_mistake(report, at,
		    "%s.host: '%s' never gets here: the group around it is for '%s' only", name,
		    route->host, settings_of(group)->host);
}

static bool method_within(const char *method, const struct config_strings *around)
{
	for (size_t i = 0; i < around->count; i++)
		if (strcmp(around->list[i], method) == 0 ||
		    (strcmp(around->list[i], "GET") == 0 && strcmp(method, "HEAD") == 0))
			return true;
	return around->count == 0;
}

static void check_methods(const struct config_scope *scope, const struct route_settings *route,
    struct config_report *report)
{
	char name[CONFIG_SCOPE_NAME];
	struct config_place at = config_place(scope, &route_group, "methods");
	if (!config_given(scope, &route_group, "methods"))
		return;
	config_scope_name(scope, name);
	if (route->methods.count == 0)
		report_mistake(report, at,
		    "%s.methods: an empty list matches nothing (leave it out for all methods)",
		    name);
	const struct config_scope *group = scope->parent;
	for (size_t i = 0; group->kind == SCOPE_ROUTE && i < route->methods.count; i++)
		if (!method_within(route->methods.list[i], &settings_of(group)->methods))
			report_mistake(report, at,
			    "%s.methods: '%s' never gets here: it is not among the methods of the "
			    "group around it",
			    name, route->methods.list[i]);
}

static void check_route(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	check_path(scope, settings, report);
	check_host(scope, settings, report);
	check_methods(scope, settings, report);
}

const struct key_group route_group = {
	.scopes = SCOPE_ROUTE,
	.keys = route_keys,
	.size = sizeof(struct route_settings),
	.help = "a route",
	.check = check_route,
};
