/*
 * check.c - compares listen entries with each other, and sites.
 */
#include "config/check.h"

#include "base/mem.h"
#include "config/core.h"
#include "config/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

void check_place(struct config_place p, char out[PLACE_ROOM])
{
	if (p.file)
		snprintf(out, PLACE_ROOM, "%s:%d", p.file, p.line);
	else
		snprintf(out, PLACE_ROOM, "the %s", p.source ? p.source : "default");
}

static char *fold(const char *text)
{
	char *name = (char *)text; /* in the snapshot's arena, which nobody else reads yet */
	size_t len = strlen(name);
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	if (len > 1 && name[len - 1] == '.')
		name[len - 1] = '\0';
	return name;
}

/* A route in a group may share the group's; folding twice changes nothing more. */
static void fold_hosts(const struct config_scope *scope)
{
	for (size_t i = 0; i < scope->route_count; i++) {
		const struct route_settings *route =
		    config_settings(scope->routes[i], &route_group);
		if (route->host)
			fold(route->host);
		fold_hosts(scope->routes[i]);
	}
}

void check_fold_names(struct snapshot *s)
{
	for (size_t i = 0; i < s->site_count; i++) {
		const struct site_settings *site = config_settings(s->sites[i], &site_group);
		for (size_t n = 0; n < site->names.count; n++)
			site->names.list[n] = fold(site->names.list[n]);
		fold_hosts(s->sites[i]);
	}
}

static bool is_unix(const char *address)
{
	return strncmp(address, "unix:", 5) == 0;
}

/* Both families at once: on such a port no other address is free. */
static bool is_any(const char *address)
{
	return strcmp(address, "*") == 0;
}

static bool is_wildcard(const char *address)
{
	return is_any(address) || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0 ||
	       strcmp(address, "[::]") == 0;
}

static bool same_address(const char *a, const char *b)
{
	struct slice x = slice_str(a), y = slice_str(b);
	if (x.len > 2 && x.ptr[0] == '[')
		x = slice_of(x.ptr + 1, x.len - 2);
	if (y.len > 2 && y.ptr[0] == '[')
		y = slice_of(y.ptr + 1, y.len - 2);
	return slice_eq_ci(x, y);
}

static bool listens_collide(const struct listen_settings *a, const struct listen_settings *b)
{
	if (is_unix(a->address) || is_unix(b->address))
		return strcmp(a->address, b->address) == 0;
	if (a->port != b->port)
		return false;
	return same_address(a->address, b->address) ||
	       (is_any(a->address) && is_wildcard(b->address)) ||
	       (is_any(b->address) && is_wildcard(a->address));
}

static bool address_known(const struct config_scope *listen)
{
	return !config_mistaken(listen, &listen_group, "address") &&
	       !config_mistaken(listen, &listen_group, "port");
}

static void check_listens(const struct snapshot *s, struct config_report *report)
{
	for (size_t i = 1; i < s->listen_count; i++) {
		const struct config_scope *later = s->listens[i];
		const struct listen_settings *b = config_settings(later, &listen_group);
		for (size_t k = 0; k < i; k++) {
			char where[PLACE_ROOM], port[32] = "";
			const struct config_scope *earlier = s->listens[k];
			const struct listen_settings *a = config_settings(earlier, &listen_group);
			if (!address_known(earlier) || !address_known(later) ||
			    !listens_collide(a, b))
				continue;
			check_place(earlier->place, where);
			if (!is_unix(b->address))
				snprintf(port, sizeof(port), " port %d", (int)b->port);
			report_mistake(report, later->place,
			    "listen[%zu]: \"%s\"%s is taken by the entry at %s", later->index,
			    b->address, port, where);
			break;
		}
	}
}

/* A name of a site, to find equal ones by sorting. */
struct named {
	const char *name;
	const struct config_scope *site;
};

static int compare_named(const void *pa, const void *pb)
{
	const struct named *a = pa, *b = pb;
	int by_name = strcmp(a->name, b->name);
	if (by_name != 0)
		return by_name;
	return a->site->index < b->site->index ? -1 : a->site->index > b->site->index;
}

static size_t collect_names(const struct snapshot *s, struct named *out)
{
	size_t n = 0;
	for (size_t i = 0; i < s->site_count; i++) {
		const struct site_settings *site = config_settings(s->sites[i], &site_group);
		for (size_t k = 0; k < site->names.count; k++, n++)
			if (out)
				out[n] = (struct named){ site->names.list[k], s->sites[i] };
	}
	return n;
}

static void check_duplicate_names(const struct snapshot *s, struct config_report *report)
{
	size_t count = collect_names(s, NULL);
	struct named *all = mem_alloc(count * sizeof(*all) + 1);
	collect_names(s, all);
	qsort(all, count, sizeof(*all), compare_named);
	for (size_t i = 1; i < count; i++) {
		char where[PLACE_ROOM];
		if (strcmp(all[i].name, all[i - 1].name) != 0)
			continue;
		struct config_place at = config_place(all[i].site, &site_group, "names");
		check_place(config_place(all[i - 1].site, &site_group, "names"), where);
		if (all[i].site == all[i - 1].site)
			report_mistake(report, at, "sites[%zu].names: '%s' stands there twice",
			    all[i].site->index, all[i].name);
		else
			report_mistake(report, at,
			    "sites[%zu].names: '%s' is the name of another site, see %s",
			    all[i].site->index, all[i].name, where);
	}
	mem_free(all);
}

static void check_default_sites(const struct snapshot *s, struct config_report *report)
{
	const struct config_scope *first = NULL;
	for (size_t i = 0; i < s->site_count; i++) {
		char where[PLACE_ROOM];
		const struct site_settings *site = config_settings(s->sites[i], &site_group);
		if (site->names.count > 0 || config_mistaken(s->sites[i], &site_group, "names"))
			continue;
		if (first) {
			check_place(first->place, where);
			report_mistake(report, s->sites[i]->place,
			    "sites[%zu]: no names, but the default site is the one at %s (give "
			    "'names' "
			    "to one of them)",
			    s->sites[i]->index, where);
		}
		first = first ? first : s->sites[i];
	}
}

void check_scopes(const struct snapshot *s, struct config_report *report)
{
	check_listens(s, report);
	check_duplicate_names(s, report);
	check_default_sites(s, report);
	for (size_t i = 0; i < s->site_count; i++)
		check_routes(s->sites[i], report);
}
