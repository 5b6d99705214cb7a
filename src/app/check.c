/*
 * check.c - what --test and a reload say about sites and routes beyond the grammar of the file.
 *
 * Everything wrong is reported in one go. Nothing here is kept: workers build their own tables from
 * a snapshot that has passed.
 */
#include "app/check.h"

#include "app/choice.h"
#include "app/permit.h"
#include "app/route.h"
#include "config/core.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

struct check {
	const struct modules *modules;
	uid_t uid;
	gid_t gid;
	struct config_report *report;
	struct arena arena; /* for what is compiled to be looked at */
};

static void check_root(struct check *c, const struct config_scope *site)
{
	const struct site_settings *s = config_settings(site, &site_group);
	char at[PATH_MAX];
	if (!s->root) {
		if (site->route_count == 0)
			report_mistake(c->report, site->place,
			    "sites[%zu]: neither a root nor routes: there is nothing to serve",
			    site->index);
		return;
	}
	if (!*s->root)
		return; /* told when it was read */
	int rc = permit_directory(s->root, c->uid, c->gid, at);
	struct config_place place = config_place(site, &site_group, "root");
	if (rc == ERR_IO)
		report_mistake(c->report, place, "sites[%zu].root: '%s': %s", site->index, s->root,
		    strerror(errno));
	else if (rc == ERR_DENIED)
		report_mistake(c->report, place,
		    "root: '%s' can not be read by the worker's user (uid %u): no permission on "
		    "'%s'",
		    s->root, (unsigned)c->uid, at);
}

static void check_methods(struct check *c, const struct config_scope *route)
{
	const struct route_settings *s = config_settings(route, &route_group);
	char name[CONFIG_SCOPE_NAME], known[METHOD_LIST_MAX];
	config_scope_name(route, name);
	known[method_list(~0U, known)] = '\0';
	for (size_t i = 0; i < s->methods.count; i++)
		if (config_given(route, &route_group, "methods") &&
		    method_find(slice_str(s->methods.list[i])) == METHOD_OTHER)
			report_mistake(c->report, config_place(route, &route_group, "methods"),
			    "%s.methods: '%s' is not known (expected some of %s, as in [ \"GET\", "
			    "\"POST\" ])",
			    name, s->methods.list[i], known);
}

/* A warning: mode bits do not tell all (permit.h), and what is missing may come later. */
static void check_writing(
    struct check *c, const struct config_scope *scope, const struct handler *h)
{
	char at[PATH_MAX];
	const char *path = h->writes ? h->writes(scope) : NULL;
	if (!path || !*path)
		return;
	int rc = permit_writing(path, c->uid, c->gid, at);
	if (rc == ERR_DENIED)
		report_warning(c->report, scope->place,
		    "'%s' can not be written by the worker's user (uid %u): no permission on '%s'",
		    path, (unsigned)c->uid, at);
	else if (rc == ERR_IO && errno == EROFS)
		report_warning(
		    c->report, scope->place, "'%s' can not be written: %s", path, strerror(errno));
}

static void run_check(struct check *c, const struct config_scope *scope, const struct handler *h)
{
	if (h->check)
		h->check(scope, c->report);
	check_writing(c, scope, h);
}

/* What the operator may have meant by handler = "..." */
static void unknown_handler(
    struct check *c, const struct config_scope *route, const char *name, const char *wrong)
{
	char names[128];
	size_t len = 0;
	const struct handler *other = choice_by_name(wrong, c->modules);
	struct config_place place = config_place(route, &route_group, "handler");
	if (other) {
		report_mistake(c->report, place,
		    "%s.handler: '%s' is chosen by its own key (expected %s = ... in place of "
		    "handler)",
		    name, wrong, other->select);
		return;
	}
	for (const struct handler *const *h = c->modules->handlers; *h; h++)
		if (!(*h)->select && len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s\"%s\"",
			    len ? ", " : "", (*h)->name);
	report_mistake(c->report, place,
	    "%s.handler: no handler has the name '%s' (expected one of %s)", name, wrong,
	    len ? names : "none");
}

static void too_many_handlers(
    struct check *c, const struct config_scope *route, const char *name, const char *path)
{
	char names[128];
	size_t len = 0;
	for (const struct handler *const *h = c->modules->handlers; *h; h++)
		if (choice_is(route, *h) && len < sizeof(names))
			len += (size_t)snprintf(
			    names + len, sizeof(names) - len, "%s%s", len ? ", " : "", (*h)->name);
	report_mistake(c->report, route->place,
	    "%s: '%s' has %u handlers (expected exactly one: %s)", name, path,
	    choice_count(route, c->modules), names);
}

static void check_handler(struct check *c, const struct config_scope *route)
{
	const struct route_settings *s = config_settings(route, &route_group);
	unsigned count = choice_count(route, c->modules);
	const struct handler *h = choice_first(route, c->modules);
	const char *path = s->path ? s->path : "";
	char name[CONFIG_SCOPE_NAME];
	config_scope_name(route, name);
	if (count == 0 && s->handler)
		unknown_handler(c, route, name, s->handler);
	else if (count == 0 && !choice_mistaken(route, c->modules))
		report_mistake(c->report, route->place,
		    "%s: '%s' has no handler (expected one, such as files = { })", name, path);
	else if (count > 1)
		too_many_handlers(c, route, name, path);
	else if (count == 1)
		run_check(c, route, h);
}

/* Settings that a site can have, too, are for the routes of the group; a handler is nobody's. */
static void check_group(struct check *c, const struct config_scope *group)
{
	const struct handler *h = choice_unshared(group, c->modules);
	const struct route_settings *s = config_settings(group, &route_group);
	char name[CONFIG_SCOPE_NAME];
	config_scope_name(group, name);
	if (h || s->handler)
		report_mistake(c->report, group->place,
		    "%s: a group of routes has no handler of its own (give '%s' to one of its "
		    "routes)",
		    name, h ? h->name : s->handler);
}

static void check_middleware(struct check *c, const struct config_scope *scope)
{
	for (const struct middleware *const *m = c->modules->middleware; *m; m++)
		if ((*m)->check)
			(*m)->check(scope, c->report);
}

static void check_path(struct check *c, const struct config_scope *route)
{
	const struct route_settings *s = config_settings(route, &route_group);
	struct route_pattern compiled;
	char name[CONFIG_SCOPE_NAME], why[PATTERN_WHY];
	/* How a path begins, and those of groups, were checked when they were read. */
	if (!s->path || !*s->path || !strchr("/*~", *s->path) || strchr(s->group_path, '*'))
		return;
	int rc = pattern_of_route(route, &c->arena, &compiled, why);
	config_scope_name(route, name);
	if (rc < 0)
		report_mistake(c->report, config_place(route, &route_group, "path"),
		    "%s.path: '%s': %s", name, s->own_path, why);
	else
		pattern_release(&compiled);
}

static void check_route(struct check *c, const struct config_scope *route)
{
	check_methods(c, route);
	if (config_scope_gathers(route)) {
		check_group(c, route);
	} else {
		check_path(c, route);
		check_handler(c, route);
	}
	check_middleware(c, route);
}

static void check_routes(struct check *c, const struct config_scope *scope)
{
	for (size_t i = 0; i < scope->route_count; i++) {
		check_route(c, scope->routes[i]);
		check_routes(c, scope->routes[i]);
	}
}

static void check_only_files(struct check *c, const struct config_scope *site)
{
	const struct site_settings *s = config_settings(site, &site_group);
	const struct handler *files = choice_by_name("files", c->modules);
	if (s->root && site->route_count == 0 && files)
		run_check(c, site, files);
}

static void check_site(struct check *c, const struct config_scope *site)
{
	check_root(c, site);
	check_only_files(c, site);
	check_middleware(c, site);
	check_routes(c, site);
}

static void each_file_at(
    const struct config_scope *scope, const struct modules *m, module_file_fn fn, void *ctx)
{
	for (const struct middleware *const *w = m->middleware; *w; w++)
		if ((*w)->each_file)
			(*w)->each_file(scope, fn, ctx);
	for (size_t i = 0; i < scope->route_count; i++)
		each_file_at(scope->routes[i], m, fn, ctx);
}

void app_each_file(const struct snapshot *s, const struct modules *m, module_file_fn fn, void *ctx)
{
	each_file_at(s->global, m, fn, ctx);
	for (size_t i = 0; i < s->site_count; i++)
		each_file_at(s->sites[i], m, fn, ctx);
}

/* What is wrong with the file itself its module says. */
static void check_file(void *ctx, const char *path, struct config_place place)
{
	struct check *c = ctx;
	char at[PATH_MAX];
	if (permit_file(path, c->uid, c->gid, at) == ERR_DENIED)
		report_mistake(c->report, place,
		    "'%s' can not be read by the worker's user (uid %u): no permission on '%s'",
		    path, (unsigned)c->uid, at);
}

void app_check(const struct snapshot *s, const struct modules *m, uid_t uid, gid_t gid,
    struct config_report *report)
{
	struct check c = { .modules = m, .uid = uid, .gid = gid, .report = report };
	arena_init(&c.arena);
	check_middleware(&c, s->global);
	for (size_t i = 0; i < s->site_count; i++)
		check_site(&c, s->sites[i]);
	app_each_file(s, m, check_file, &c);
	arena_fini(&c.arena);
}
