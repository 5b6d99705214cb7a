/*
 * routes.c - finds routes that no request can reach, for their host or for those before them.
 *
 * Each route is compared with those before it that could take all of its paths: those with the same
 * path, those with parameters or stars below the same first segment, and those that have no such
 * segment. So ten thousand routes are looked at as quickly as they are read.
 */
#include "config/route.h"

#include "base/mem.h"
#include "config/check.h"
#include "config/core.h"

#include <stdint.h>

enum { NONE = -1 };

/* Chains of earlier routes, by the hash of what they share; routes that meet there by chance are
 * told apart by comparing them. */
struct earlier {
	const struct config_scope *site;
	int *heads; /* mask + 1 */
	int *next;  /* of each route */
	unsigned mask;
	int anywhere; /* the chain of those without a first segment of their own */
};

static const struct route_settings *settings_of(const struct config_scope *route)
{
	return config_settings(route, &route_group);
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

static bool hosts_cover(const char *earlier, const char *later)
{
	return !earlier || (later && strcmp(earlier, later) == 0);
}

static bool pattern_known(const struct config_scope *route)
{
	const char *path = settings_of(route)->path;
	return path && *path && strchr("/*~", *path) &&
	       !config_mistaken(route, &route_group, "host") &&
	       !config_mistaken(route, &route_group, "methods");
}

/* An ending or an expression for what stands below a group's path. */
static bool is_below(const struct route_settings *s)
{
	return *s->group_path && (*s->own_path == '*' || *s->own_path == '~');
}

static bool paths_cover(const struct route_settings *a, const struct route_settings *b)
{
	char all[CONFIG_SCOPE_NAME];
	if (strcmp(a->path, b->path) == 0)
		return is_below(a) == is_below(b);
	if (is_below(a))
		return false;
	if (!is_below(b))
		return check_path_covers(a->path, b->path);
	size_t len = strlen(b->group_path);
	if (len + sizeof("/*") > sizeof(all))
		return false;
	memcpy(all, b->group_path, len);
	memcpy(all + len, "/*", sizeof("/*"));
	return check_path_covers(a->path, all);
}

static bool route_covers(const struct config_scope *earlier, const struct config_scope *later)
{
	const struct route_settings *a = settings_of(earlier), *b = settings_of(later);
	return pattern_known(earlier) && pattern_known(later) && hosts_cover(a->host, b->host) &&
	       methods_cover(&a->methods, &b->methods) && paths_cover(a, b);
}

static bool is_literal(const struct route_settings *s)
{
	struct slice path = slice_str(s->path);
	return path.len > 0 && path.ptr[0] == '/' && !is_below(s) && slice_find(path, '*') < 0 &&
	       slice_find(path, ':') < 0;
}

/* "/a" of "/a/:b"; empty if the path has none that is fixed. */
static struct slice first_segment(const struct route_settings *s)
{
	bool below = is_below(s); /* with a slash between the group's path and its own */
	struct slice path = slice_str(below ? s->group_path : s->path);
	if (path.len < 2 || path.ptr[0] != '/' || path.ptr[1] == ':')
		return SLICE_NONE;
	ptrdiff_t slash = slice_find(slice_tail(path, 1), '/');
	struct slice first = slash < 0 ? path : slice_head(path, (size_t)slash + 1);
	bool fixed = (slash >= 0 || below) && slice_find(first, '*') < 0;
	return fixed ? first : SLICE_NONE;
}

static int *chain_of(struct earlier *e, struct slice key)
{
	return &e->heads[slice_hash(key) & e->mask];
}

/* The first of a chain that covers `later`, if it stands before `best` (NONE: anywhere). */
static int search(const struct earlier *e, int head, const struct config_scope *later, int best)
{
	for (int i = head; i != NONE; i = e->next[i])
		if ((best == NONE || i < best) && route_covers(e->site->all_routes[i], later))
			best = i;
	return best;
}

static int find_cover(struct earlier *e, const struct config_scope *later)
{
	const struct route_settings *s = settings_of(later);
	struct slice first = first_segment(s);
	int found = search(e, *chain_of(e, slice_str(s->path)), later, NONE);
	if (first.ptr)
		found = search(e, *chain_of(e, first), later, found);
	return search(e, e->anywhere, later, found);
}

static void add(struct earlier *e, int index)
{
	const struct route_settings *s = settings_of(e->site->all_routes[index]);
	struct slice first = first_segment(s);
	int *chain = is_literal(s) ? chain_of(e, slice_str(s->path))
		     : first.ptr   ? chain_of(e, first)
				   : &e->anywhere;
	e->next[index] = *chain;
	*chain = index;
}

static void tell(const struct config_scope *later, const struct config_scope *earlier,
    struct config_report *report)
{
	char where[PLACE_ROOM], name[CONFIG_SCOPE_NAME];
	check_place(config_place(earlier, &route_group, "path"), where);
	config_scope_name(later, name);
	report_warning(report, config_place(later, &route_group, "path"),
	    "%s.path: '%s' is never reached: it is shadowed by the route '%s' at %s", name,
	    settings_of(later)->path, settings_of(earlier)->path, where);
}

/* Without a site that has no names, the first is there for all other hosts. */
static bool takes_all_hosts(const struct config_scope *site)
{
	const struct snapshot *s = site->snapshot;
	const struct site_settings *own = config_settings(site, &site_group);
	if (own->names.count == 0)
		return true;
	for (size_t i = 0; i < s->site_count; i++) {
		const struct site_settings *other = config_settings(s->sites[i], &site_group);
		if (other->names.count == 0)
			return false;
	}
	return site->index == 0;
}

static bool host_reaches(const struct config_scope *site, const char *host)
{
	const struct site_settings *s = config_settings(site, &site_group);
	for (size_t i = 0; i < s->names.count; i++)
		if (check_host_within(host, s->names.list[i]) ||
		    check_host_within(s->names.list[i], host))
			return true;
	return false;
}

static void check_route_hosts(const struct config_scope *site, struct config_report *report)
{
	if (takes_all_hosts(site) || config_mistaken(site, &site_group, "names"))
		return;
	for (size_t i = 0; i < site->all_route_count; i++) {
		const struct config_scope *route = site->all_routes[i];
		const char *host = settings_of(route)->host;
		char name[CONFIG_SCOPE_NAME];
		if (!host || check_host_name(host) || host_reaches(site, host))
			continue;
		config_scope_name(route, name);
		report_mistake(report, config_place(route, &route_group, "host"),
		    "%s.host: '%s' never gets here: it is none of the site's names", name, host);
	}
}

void check_routes(const struct config_scope *site, struct config_report *report)
{
	check_route_hosts(site, report);
	int count = (int)site->all_route_count;
	struct earlier e = { .site = site, .mask = 15, .anywhere = NONE };
	while (e.mask < (unsigned)count * 2)
		e.mask = e.mask * 2 + 1;
	e.heads = mem_alloc((e.mask + 1) * sizeof(int));
	e.next = mem_alloc((size_t)count * sizeof(int));
	memset(e.heads, 0xff, (e.mask + 1) * sizeof(int)); /* NONE */
	for (int i = 0; i < count; i++) {
		const struct config_scope *route = site->all_routes[i];
		int cover = settings_of(route)->path ? find_cover(&e, route) : NONE;
		if (cover != NONE)
			tell(route, site->all_routes[cover], report);
		if (settings_of(route)->path)
			add(&e, i);
	}
	mem_free(e.heads);
	mem_free(e.next);
}
