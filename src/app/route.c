/*
 * route.c - which route of a site answers: the first, in the order written, whose host, path and
 * methods are the request's. Those that can not have the path are not even asked (route_index.h).
 */
#include "app/route.h"

#include "app/route_index.h"
#include "base/log.h"

bool host_matches(struct slice pattern, struct slice host)
{
	if (pattern.len > 1 && pattern.ptr[0] == '*')
		return host.len >= pattern.len && slice_ends(host, slice_tail(pattern, 1));
	return pattern.len == 0 || slice_eq(pattern, host);
}

enum route_verdict route_try(const struct route *route, struct request *r)
{
	exchange_of(r)->param_count = 0;
	if (!host_matches(route->host, r->host))
		return ROUTE_OTHER_HOST;
	switch (pattern_match(route->compiled, r->path, exchange_of(r))) {
	case MATCH_NO:
		return ROUTE_OTHER_PATH;
	case MATCH_UNDECIDED:
		return ROUTE_UNDECIDED;
	case MATCH_YES:
		break;
	}
	bool takes = route->methods == 0 || route->methods & 1u << r->method;
	return takes ? ROUTE_ANSWERS : ROUTE_OTHER_METHOD;
}

struct route *route_find(struct site *site, struct request *r)
{
	struct route_walk walk;
	route_walk_start(&walk, site->index, r->path);
	for (int i; (i = route_walk_next(&walk)) >= 0;) {
		enum route_verdict v = route_try(&site->routes[i], r);
		if (v == ROUTE_ANSWERS || v == ROUTE_OTHER_METHOD)
			return &site->routes[i];
	}
	return NULL;
}

static void tell_undecided(const struct route *route, const struct request *r)
{
	static struct log_gate gate;
	log_gated(&gate, LOG_LEVEL_ERROR,
	    "route '" SLICE_FMT "': the expression was given up on a path of %zu bytes, which is "
	    "answered with 500 (write it so that it can match in one way only)",
	    SLICE_ARG(route->pattern), r->path.len);
}

struct route *route_match(struct site *site, struct request *r, unsigned *allow_out)
{
	struct route_walk walk;
	*allow_out = 0;
	route_walk_start(&walk, site->index, r->path);
	for (int i; (i = route_walk_next(&walk)) >= 0;) {
		struct route *route = &site->routes[i];
		switch (route_try(route, r)) {
		case ROUTE_ANSWERS:
			return route;
		case ROUTE_OTHER_METHOD:
			*allow_out |= route->methods;
			break;
		case ROUTE_UNDECIDED:
			tell_undecided(route, r);
			*allow_out = 0;
			return &site->undecided;
		case ROUTE_OTHER_HOST:
		case ROUTE_OTHER_PATH:
			break;
		}
	}
	exchange_of(r)->param_count = 0;
	return NULL;
}

/* Routes that inherit the same settings share them. */
static bool has_guard(const struct route *route, const struct middleware *m, const void *settings)
{
	for (unsigned i = 0; i < route->step_count; i++)
		if (route->steps[i].middleware == m)
			return config_settings(route->scope, m->groups[0]) == settings;
	return false;
}

bool route_guards_more(const struct route *other, const struct route *passed)
{
	for (unsigned i = 0; i < other->step_count; i++) {
		const struct middleware *m = other->steps[i].middleware;
		if (m->guards && !has_guard(passed, m, config_settings(other->scope, m->groups[0])))
			return true;
	}
	return false;
}

const struct route *route_guarding(struct request *r, struct slice path)
{
	struct exchange *x = exchange_of(r);
	struct route_param params[ROUTE_PARAMS_MAX];
	struct slice asked = r->path;
	unsigned count = x->param_count, allow;
	if (!x->site->uneven)
		return NULL;
	memcpy(params, x->params, count * sizeof(*params));
	r->path = path;
	const struct route *route = route_match(x->site, r, &allow);
	r->path = asked;
	memcpy(x->params, params, count * sizeof(*params));
	x->param_count = count;
	return route && route != x->route && route_guards_more(route, x->route) ? route : NULL;
}

struct slice exchange_param(const struct request *r, struct slice name)
{
	const struct exchange *x = exchange_of(r);
	for (unsigned i = 0; x && i < x->param_count; i++)
		if (slice_eq(x->params[i].name, name))
			return x->params[i].value;
	return SLICE_NONE;
}
