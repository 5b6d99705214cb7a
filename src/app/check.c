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
	const struct snapshot *snapshot;
	const struct modules *modules;
	uid_t uid;
	gid_t gid;
	struct config_report *report;
	struct arena arena; /* for what is compiled to be looked at */
};

static void check_name(struct check *c, const struct config_scope *site, struct slice name)
{
	for (size_t i = 0; i < c->snapshot->site_count; i++) {
		const struct config_scope *other = c->snapshot->sites[i];
		const struct site_settings *s = config_settings(other, &site_group);
		for (size_t n = 0; n < s->names.count; n++) {
			if (!slice_eq(host_canonical(s->names.list[n], &c->arena), name))
				continue;
			if (other != site)
				report_mistake(c->report, config_place(site, &site_group, "names"),
				    "names: '" SLICE_FMT
				    "' is the name of another site too (line %d)",
				    SLICE_ARG(name), other->place.line);
			return;
		}
	}
}

static void check_names(struct check *c, const struct config_scope *site)
{
	const struct site_settings *s = config_settings(site, &site_group);
	for (size_t i = 0; i < s->names.count; i++) {
		struct slice name = host_canonical(s->names.list[i], &c->arena);
		struct slice rest = slice_starts(name, SLICE("*.")) ? slice_tail(name, 2) : name;
		if (rest.len == 0 || slice_find(rest, '*') >= 0 || slice_find(rest, '/') >= 0)
			report_mistake(c->report, config_place(site, &site_group, "names"),
			    "names: '%s' is not a name (expected \"example.org\" or "
			    "\"*.example.org\")",
			    s->names.list[i]);
		else
			check_name(c, site, name);
	}
	for (size_t i = 0; s->names.count == 0 && i < site->index; i++) {
		const struct site_settings *other =
		    config_settings(c->snapshot->sites[i], &site_group);
		if (other->names.count > 0)
			continue;
		report_mistake(c->report, site->place,
		    "a second site without names (the one at line %d answers for all others)",
		    c->snapshot->sites[i]->place.line);
		return;
	}
}

static void check_root(struct check *c, const struct config_scope *site)
{
	const struct site_settings *s = config_settings(site, &site_group);
	char at[PATH_MAX];
	if (!s->root) {
		if (site->route_count == 0)
			report_mistake(c->report, site->place,
			    "the site has neither a root nor routes: nothing to serve");
		return;
	}
	int rc = permit_directory(s->root, c->uid, c->gid, at);
	struct config_place place = config_place(site, &site_group, "root");
	if (rc == ERR_IO)
		report_mistake(c->report, place, "root: '%s': %s", s->root, strerror(errno));
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
			    "methods: '%s' is not a method known here (they are upper case: "
			    "\"GET\")",
			    s->methods.list[i]);
}

static void check_handler(struct check *c, const struct config_scope *route)
{
	const struct route_settings *s = config_settings(route, &route_group);
	unsigned count = choice_count(route, c->modules);
	const struct handler *h = choice_first(route, c->modules);
	if (count == 0 && s->handler)
		report_mistake(c->report, config_place(route, &route_group, "handler"),
		    "handler: no handler has the name '%s'", s->handler);
	else if (count != 1)
		report_mistake(c->report, route->place,
		    "route '%s' has %s handler (expected exactly one, such as files = { })",
		    s->path ? s->path : "", count ? "more than one" : "no");
	else if (h->check)
		h->check(route, c->report);
}

static bool methods_cover(const struct config_strings *earlier, const struct config_strings *later)
{
	if (earlier->count == 0)
		return true;
	for (size_t i = 0; i < later->count; i++) {
		bool found = false;
		for (size_t k = 0; k < earlier->count; k++)
			found |= strcmp(earlier->list[k], later->list[i]) == 0;
		if (!found)
			return false;
	}
	return later->count > 0;
}

static bool host_covers(const char *earlier, const char *later)
{
	return !earlier || (later && strcmp(earlier, later) == 0);
}

static void check_reachable(struct check *c, const struct config_scope *site, size_t index,
    const struct route_pattern *compiled)
{
	const struct route_settings *later = config_settings(site->routes[index], &route_group);
	for (size_t i = 0; i < index; i++) {
		const struct route_settings *s = config_settings(site->routes[i], &route_group);
		if (!pattern_covers(&compiled[i], &compiled[index]) ||
		    !methods_cover(&s->methods, &later->methods) ||
		    !host_covers(s->host, later->host))
			continue;
		report_mistake(c->report, site->routes[index]->place,
		    "route '%s' is never reached: '%s' at line %d stands before it and takes all "
		    "of it",
		    later->path, s->path, site->routes[i]->place.line);
		return;
	}
}

static void check_routes(struct check *c, const struct config_scope *site)
{
	struct route_pattern *compiled =
	    arena_zalloc(&c->arena, (site->route_count + 1) * sizeof(*compiled));
	for (size_t i = 0; i < site->route_count; i++) {
		const struct config_scope *route = site->routes[i];
		const struct route_settings *s = config_settings(route, &route_group);
		const char *reason = NULL;
		if (!s->path)
			continue; /* a required key: reported by who read the file */
		if (pattern_compile(slice_str(s->path), &c->arena, &compiled[i], &reason) < 0) {
			report_mistake(c->report, config_place(route, &route_group, "path"),
			    "path: '%s': %s", s->path, reason);
			compiled[i] = (struct route_pattern){ .kind = PATTERN_LITERAL };
		} else {
			check_reachable(c, site, i, compiled);
		}
		check_methods(c, route);
		check_handler(c, route);
	}
}

static void check_only_files(struct check *c, const struct config_scope *site)
{
	const struct handler *files = choice_by_name("files", c->modules);
	if (site->route_count == 0 && files && files->check)
		files->check(site, c->report);
}

static void check_middleware(struct check *c, const struct config_scope *scope)
{
	for (const struct middleware *const *m = c->modules->middleware; *m; m++)
		if ((*m)->check)
			(*m)->check(scope, c->report);
}

static void check_site(struct check *c, const struct config_scope *site)
{
	check_names(c, site);
	check_root(c, site);
	check_routes(c, site);
	check_only_files(c, site);
	check_middleware(c, site);
	for (size_t i = 0; i < site->route_count; i++)
		check_middleware(c, site->routes[i]);
}

void app_check(const struct snapshot *s, const struct modules *m, uid_t uid, gid_t gid,
    struct config_report *report)
{
	struct check c = { .snapshot = s, .modules = m, .uid = uid, .gid = gid, .report = report };
	arena_init(&c.arena);
	check_middleware(&c, s->global);
	for (size_t i = 0; i < s->site_count; i++)
		check_site(&c, s->sites[i]);
	arena_fini(&c.arena);
}
