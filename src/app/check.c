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
	for (size_t i = 0; i < s->methods.count; i++)
		if (method_find(slice_str(s->methods.list[i])) == METHOD_OTHER)
			report_mistake(c->report, config_place(route, &route_group, "methods"),
			    "sites[%zu].routes[%zu].methods: '%s' is not known (expected "
			    "capital letters: \"GET\")",
			    route->parent->index, route->index, s->methods.list[i]);
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

static void check_handler(struct check *c, const struct config_scope *route)
{
	const struct route_settings *s = config_settings(route, &route_group);
	unsigned count = choice_count(route, c->modules);
	const struct handler *h = choice_first(route, c->modules);
	if (count == 0 && s->handler)
		report_mistake(c->report, config_place(route, &route_group, "handler"),
		    "sites[%zu].routes[%zu].handler: no handler has the name '%s'",
		    route->parent->index, route->index, s->handler);
	else if (count == 0 && !choice_mistaken(route, c->modules))
		report_mistake(c->report, route->place,
		    "sites[%zu].routes[%zu]: '%s' has no handler (expected one, such as files = { "
		    "})",
		    route->parent->index, route->index, s->path ? s->path : "");
	else if (count > 1)
		report_mistake(c->report, route->place,
		    "sites[%zu].routes[%zu]: '%s' has %u handlers (expected exactly one)",
		    route->parent->index, route->index, s->path ? s->path : "", count);
	else if (count == 1)
		run_check(c, route, h);
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
	const char *reason = NULL;
	/* How a path begins was checked when it was read. */
	if (!s->path || !*s->path || !strchr("/*~", *s->path))
		return;
	if (pattern_compile(slice_str(s->path), &c->arena, &compiled, &reason) < 0)
		report_mistake(c->report, config_place(route, &route_group, "path"),
		    "sites[%zu].routes[%zu].path: '%s': %s", route->parent->index, route->index,
		    s->path, reason);
}

static void check_route(struct check *c, const struct config_scope *route)
{
	check_path(c, route);
	check_methods(c, route);
	check_handler(c, route);
	check_middleware(c, route);
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
	for (size_t i = 0; i < site->route_count; i++)
		check_route(c, site->routes[i]);
}

void app_check(const struct snapshot *s, const struct modules *m, uid_t uid, gid_t gid,
    struct config_report *report)
{
	struct check c = { .modules = m, .uid = uid, .gid = gid, .report = report };
	arena_init(&c.arena);
	check_middleware(&c, s->global);
	for (size_t i = 0; i < s->site_count; i++)
		check_site(&c, s->sites[i]);
	arena_fini(&c.arena);
}
