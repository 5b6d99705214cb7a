/*
 * site.c - the sites of a worker: routes with their handlers and middleware made ready, and the
 * table that finds a site by host.
 *
 * Names stand in one open-addressed table; "*.example.org" as ".example.org", which no host can be.
 * The names are the operator's, not the peer's, so a plain hash does.
 */
#include "app/site.h"

#include "app/choice.h"
#include "app/route.h"
#include "app/route_index.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/scoreboard.h"
#include "config/core.h"

enum {
	HOST_MAX = 255
}; /* RFC 1035 section 2.3.4; longer ones are nobody's name and not worth hashing */

struct app_worker app_worker;

struct host_entry {
	struct slice name; /* ptr NULL: free */
	struct site *site;
};

struct site_table {
	struct arena arena;
	struct site *sites;
	size_t count;
	struct site *fallback;
	struct host_entry *hosts; /* mask + 1 places, at least half of them free */
	unsigned mask;
	bool has_suffixes;
};

static void handle_unrouted(struct request *r, void *state)
{
	(void)state;
	response_error(r, 404, NULL);
}

static const struct handler unrouted_handler = {
	.name = "unrouted", .keeps = true, .handle = handle_unrouted
};

static void handle_undecided(struct request *r, void *state)
{
	(void)state;
	response_error(r, 500, "the regular expression of a route was given up");
}

static const struct handler undecided_handler = { .name = "undecided", .handle = handle_undecided };

static void handle_broken(struct request *r, void *state)
{
	(void)state;
	response_error(r, 500, "the route has no handler");
}

/* Of a route that the check would have refused. */
static const struct handler broken_handler = { .name = "broken", .handle = handle_broken };

struct http_terms site_terms(const struct config_scope *scope)
{
	const struct limits_settings *limits = config_settings(scope, &limits_group);
	const struct timeouts_settings *timeouts = config_settings(scope, &timeouts_group);
	return (struct http_terms){
		.body = limits->body,
		.body_ms = timeouts->body,
		.send_ms = timeouts->send,
		.min_rate = timeouts->min_rate,
		.keepalive = timeouts->keepalive,
	};
}

static void prepare_steps(struct route *route, const struct modules *m, struct arena *a)
{
	unsigned most = 0;
	route->terms = site_terms(route->scope);
	for (const struct middleware *const *w = m->middleware; *w; w++)
		most++;
	struct route_step *steps = arena_zalloc(a, (most + 1) * sizeof(*steps));
	for (const struct middleware *const *w = m->middleware; *w; w++) {
		void *state = (*w)->prepare(route->scope, a);
		if (state)
			steps[route->step_count++] = (struct route_step){ *w, state };
	}
	route->steps = steps;
}

static void prepare_pattern(struct route *route, const char *path, struct arena *a)
{
	char why[PATTERN_WHY];
	bool from_scope = route->scope->kind == SCOPE_ROUTE;
	route->pattern = slice_str(path);
	route->compiled = arena_zalloc(a, sizeof(*route->compiled));
	int rc = from_scope ? pattern_of_route(route->scope, a, route->compiled, why)
			    : pattern_compile(SLICE_NONE, route->pattern, a, route->compiled, why);
	if (rc == OK)
		return;
	log_error("route '%s': %s", path ? path : "", why);
	*route->compiled = (struct route_pattern){ .kind = PATTERN_LITERAL }; /* no path is empty */
}

static void prepare_handler(struct route *route, const struct handler *h, struct arena *a)
{
	route->handler = h ? h : &broken_handler;
	if (route->handler->prepare)
		route->handler_state = route->handler->prepare(route->scope, a);
	route->handled = route->handler->methods_of
			     ? route->handler->methods_of(route->handler_state)
			     : route->handler->methods;
}

static void prepare_route(struct route *route, const struct modules *m, struct arena *a)
{
	const struct route_settings *settings = config_settings(route->scope, &route_group);
	prepare_pattern(route, settings->path, a);
	route->host = host_canonical(settings->host, a);
	for (size_t i = 0; i < settings->methods.count; i++)
		route->methods |= 1u << method_find(slice_str(settings->methods.list[i]));
	if (route->methods & 1u << METHOD_GET)
		route->methods |= 1u << METHOD_HEAD;
	prepare_handler(route, choice_first(route->scope, m), a);
	prepare_steps(route, m, a);
}

/* A site with a root and no routes has one: all of it is files. */
static void prepare_only_files(struct site *site, const struct modules *m, struct arena *a)
{
	struct route *route = arena_zalloc(a, sizeof(*route));
	route->scope = site->scope;
	prepare_pattern(route, "/*", a);
	prepare_handler(route, choice_by_name("files", m), a);
	prepare_steps(route, m, a);
	site->routes = route;
	site->route_count = 1;
}

struct slice site_name(const struct config_scope *scope)
{
	const struct site_settings *settings = config_settings(scope, &site_group);
	return settings->names.count ? slice_str(settings->names.list[0]) : SLICE("default");
}

static void prepare_refusal(struct route *route, const struct site *site,
    const struct handler *handler, const struct modules *m, struct arena *a)
{
	route->scope = site->scope;
	route->handler = handler;
	prepare_steps(route, m, a);
}

static void prepare_routes(struct site *site, const struct modules *m, struct arena *a)
{
	const struct config_scope *scope = site->scope;
	site->routes = arena_zalloc(a, scope->all_route_count * sizeof(*site->routes));
	for (size_t i = 0; i < scope->all_route_count; i++) {
		site->routes[i].scope = scope->all_routes[i];
		prepare_route(&site->routes[i], m, a);
	}
	site->route_count = (unsigned)scope->all_route_count;
}

static bool is_uneven(const struct site *site)
{
	const struct route *first = site->routes;
	for (unsigned i = 1; i < site->route_count; i++)
		if (route_guards_more(&site->routes[i], first) ||
		    route_guards_more(first, &site->routes[i]))
			return true;
	return false;
}

static void prepare_site(struct site *site, const struct modules *m, struct arena *a)
{
	const struct config_scope *scope = site->scope;
	site->name = site_name(scope);
	site->score = score_site_find(site->name);
	prepare_refusal(&site->unrouted, site, &unrouted_handler, m, a);
	prepare_refusal(&site->undecided, site, &undecided_handler, m, a);
	if (scope->route_count == 0)
		prepare_only_files(site, m, a);
	else
		prepare_routes(site, m, a);
	site->index = route_index_new(site->routes, site->route_count, a);
	site->uneven = is_uneven(site);
}

static struct host_entry *host_place(const struct site_table *t, struct slice name)
{
	unsigned i = slice_hash(name) & t->mask;
	while (t->hosts[i].name.ptr && !slice_eq(t->hosts[i].name, name))
		i = (i + 1) & t->mask;
	return &t->hosts[i];
}

static void add_names(struct site_table *t, struct site *site)
{
	const struct site_settings *settings = config_settings(site->scope, &site_group);
	for (size_t i = 0; i < settings->names.count; i++) {
		struct slice name = host_canonical(settings->names.list[i], &t->arena);
		if (name.len > 1 && name.ptr[0] == '*') {
			name = slice_tail(name, 1);
			t->has_suffixes = true;
		}
		struct host_entry *place = host_place(t, name);
		if (!place->name.ptr)
			*place = (struct host_entry){ name, site };
	}
	if (settings->names.count == 0 && t->fallback == t->sites)
		t->fallback = site; /* "the others": it need not stand first */
}

static void add_hosts(struct site_table *t)
{
	size_t names = 0;
	for (size_t i = 0; i < t->count; i++) {
		const struct site_settings *s = config_settings(t->sites[i].scope, &site_group);
		names += s->names.count;
	}
	unsigned places = 16;
	while (places < names * 2)
		places *= 2;
	t->hosts = arena_zalloc(&t->arena, places * sizeof(*t->hosts));
	t->mask = places - 1;
	t->fallback = t->sites;
	for (size_t i = 0; i < t->count; i++)
		add_names(t, &t->sites[i]);
}

struct site_table *site_table_new(const struct snapshot *s, const struct modules *m)
{
	struct site_table *t = mem_zalloc(sizeof(*t));
	arena_init(&t->arena);
	t->count = s->site_count;
	t->sites = arena_zalloc(&t->arena, (s->site_count + 1) * sizeof(*t->sites));
	for (size_t i = 0; i < s->site_count; i++) {
		t->sites[i].scope = s->sites[i];
		prepare_site(&t->sites[i], m, &t->arena);
	}
	add_hosts(t);
	return t;
}

static void release_route(const struct route *route)
{
	for (unsigned i = 0; i < route->step_count; i++)
		if (route->steps[i].middleware->release)
			route->steps[i].middleware->release(route->steps[i].state);
	if (route->handler->release && route->handler_state)
		route->handler->release(route->handler_state);
	if (route->compiled)
		pattern_release(route->compiled);
}

static void release_site(const struct site *site)
{
	for (unsigned i = 0; i < site->route_count; i++)
		release_route(&site->routes[i]);
	release_route(&site->unrouted);
	release_route(&site->undecided);
}

void site_table_free(struct site_table **t)
{
	if (!*t)
		return;
	for (size_t i = 0; i < (*t)->count; i++)
		release_site(&(*t)->sites[i]);
	arena_fini(&(*t)->arena);
	mem_free(*t);
	*t = NULL;
}

static struct site *find_suffix(const struct site_table *t, struct slice host)
{
	for (size_t i = 1; i < host.len; i++) {
		if (host.ptr[i] != '.')
			continue;
		const struct host_entry *place = host_place(t, slice_tail(host, i));
		if (place->name.ptr)
			return place->site;
	}
	return NULL;
}

struct site *site_find(const struct site_table *t, struct slice host)
{
	if (host.len == 0 || host.len > HOST_MAX)
		return t->fallback;
	const struct host_entry *place = host_place(t, host);
	if (place->name.ptr)
		return place->site;
	struct site *site = t->has_suffixes ? find_suffix(t, host) : NULL;
	return site ? site : t->fallback;
}

size_t site_count(const struct site_table *t)
{
	return t->count;
}

struct site *site_at(const struct site_table *t, size_t index)
{
	return &t->sites[index];
}
