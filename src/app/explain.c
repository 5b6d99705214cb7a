/*
 * explain.c - see explain.h: site, route, steps, handler. How the request comes about is
 * explain_url.c's.
 */
#include "app/explain.h"

#include "app/chain.h"
#include "app/escape.h"
#include "app/https.h"
#include "app/route.h"
#include "config/core.h"
#include "http/status.h"

#include <stdio.h>

enum { TEXT_ROOM = 1024 };

/* Paths come from the command line of somebody who may have copied them from anywhere. */
static void put_printable(struct buf *out, struct slice s)
{
	while (s.len > 0) {
		size_t len = utf8_printable(s);
		int rc = len ? buf_append(out, slice_head(s, len))
			     : buf_printf(out, "\\x%02x", (unsigned char)s.ptr[0]);
		if (rc < 0)
			return;
		s = slice_tail(s, len ? len : 1);
	}
}

/* At least two spaces, so that what is too long for its column still ends somewhere. */
static size_t pad(struct buf *out, size_t start, size_t column)
{
	size_t used = out->len - start, spaces = used + 2 < column ? column - used : 2;
	(void)!buf_printf(out, "%*s", (int)spaces, "");
	return out->len;
}

void explain_line(struct buf *out, const char *label, const char *text,
    const struct config_place *place, const char *why)
{
	enum { LABEL = 12, TEXT = 30, PLACE = 20 };
	size_t start = out->len;
	(void)!buf_append(out, slice_str(label));
	start = pad(out, start, LABEL);
	put_printable(out, slice_str(text));
	if (place) {
		start = pad(out, start, TEXT);
		(void)!(place->file ? buf_printf(out, "%s:%d", place->file, place->line)
				    : buf_printf(out, "%s", place->source ? place->source : ""));
	}
	if (why) {
		pad(out, start, place ? PLACE : TEXT);
		put_printable(out, slice_str(why));
	}
	(void)!buf_byte(out, '\n');
}

static bool name_fits(const char *name, struct slice host)
{
	return host.len > 0 && host_matches(slice_str(name), host);
}

/* The site's own name for the host: the full one, else the longest with a star; NULL: the site is
 * the default. */
static const char *name_of(const struct site *site, struct slice host)
{
	const struct site_settings *s = config_settings(site->scope, &site_group);
	const char *best = NULL;
	for (size_t i = 0; i < s->names.count; i++) {
		const char *name = s->names.list[i];
		if (slice_eq(slice_str(name), host))
			return name;
		if (name_fits(name, host) && (!best || strlen(name) > strlen(best)))
			best = name;
	}
	return best;
}

static void tell_site(const struct request *r, struct buf *out)
{
	const struct site *site = exchange_of(r)->site;
	const char *name = name_of(site, r->host);
	char text[TEXT_ROOM], why[TEXT_ROOM];
	snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(site->name));
	if (name)
		snprintf(why, sizeof(why), "by its name '%s'", name);
	else
		snprintf(why, sizeof(why), "the default: no site has the name '" SLICE_FMT "'",
		    SLICE_ARG(r->host));
	explain_line(out, "site", text, &site->scope->place, why);
}

static void list_methods(unsigned methods, char *out, size_t room)
{
	size_t len = 0;
	out[0] = '\0';
	for (unsigned m = METHOD_GET; m <= METHOD_TRACE && len < room; m++)
		if (methods & 1u << m)
			len += (size_t)snprintf(out + len, room - len, "%s%s", len ? ", " : "",
			    method_name((enum http_method)m));
}

static void tell_params(const struct exchange *x, char *out, size_t room)
{
	size_t len = (size_t)snprintf(out, room, "yes");
	for (unsigned i = 0; i < x->param_count && len < room; i++)
		len += (size_t)snprintf(out + len, room - len,
		    "%s" SLICE_FMT " = \"" SLICE_FMT "\"", i ? ", " : ": ",
		    SLICE_ARG(x->params[i].name), SLICE_ARG(x->params[i].value));
}

static struct config_place place_of_route(const struct route *route)
{
	if (route->scope->kind != SCOPE_ROUTE)
		return route->scope->place;
	return config_place(route->scope, &route_group, "path");
}

static void tell_route(
    const struct route *route, enum route_verdict v, const struct exchange *x, struct buf *out)
{
	char text[TEXT_ROOM], why[TEXT_ROOM], methods[128];
	struct config_place place = place_of_route(route);
	snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(route->pattern));
	list_methods(route->methods, methods, sizeof(methods));
	switch (v) {
	case ROUTE_ANSWERS:
		tell_params(x, why, sizeof(why));
		break;
	case ROUTE_OTHER_HOST:
		snprintf(
		    why, sizeof(why), "no: it is for the host " SLICE_FMT, SLICE_ARG(route->host));
		break;
	case ROUTE_OTHER_PATH:
		snprintf(why, sizeof(why), "no: the path differs");
		break;
	case ROUTE_OTHER_METHOD:
		snprintf(why, sizeof(why), "no: it takes %s", methods);
		break;
	case ROUTE_UNDECIDED:
		snprintf(why, sizeof(why), "given up: the expression has too many ways to match");
		break;
	}
	explain_line(out, "route", text, &place, why);
}

/* Each route up to the one that was chosen is asked once more, by itself. */
static void tell_routes(struct request *r, struct buf *out)
{
	struct exchange *x = exchange_of(r), scratch = *x;
	enum http_method method = r->method;
	if (x->preflight) {
		explain_line(out, "preflight", method_name(x->announced), NULL, NULL);
		r->method = x->announced;
	}
	r->app_state = &scratch;
	for (unsigned i = 0; i < x->site->route_count; i++) {
		const struct route *route = &x->site->routes[i];
		enum route_verdict v = route_try(route, r);
		tell_route(route, v, &scratch, out);
		if (v == ROUTE_ANSWERS || v == ROUTE_UNDECIDED)
			break;
	}
	r->app_state = x;
	r->method = method;
}

static const struct key_group *given_group(
    const struct config_scope *scope, const struct key_group *const *groups)
{
	for (; groups && *groups; groups++)
		for (const struct config_scope *s = scope; s; s = s->parent)
			if (config_given(s, *groups, NULL))
				return *groups;
	return NULL;
}

/* Where a module's settings stand that are in force for the route. */
static const struct config_place *place_of(
    const struct route *route, const struct key_group *const *groups, struct config_place *room)
{
	const struct key_group *g = given_group(route->scope, groups);
	if (!g)
		return NULL;
	*room = config_place(route->scope, g, NULL);
	return room;
}

static void decide(struct request *r, struct explanation *e, const char *by, int status)
{
	r->response.status = status;
	e->by = by;
	e->status = status;
}

static void answer(struct buf *out, const char *text, const struct config_place *place)
{
	explain_line(out, "answer", text, place, NULL);
}

static void tell_step(const struct route *route, const struct route_step *step, const char *text,
    bool answers, struct buf *out)
{
	char line[TEXT_ROOM + 64];
	struct config_place room;
	const struct config_place *place = place_of(route, step->middleware->groups, &room);
	if (answers) {
		snprintf(line, sizeof(line), "%s: %s", step->middleware->name, text);
		answer(out, line, place);
	} else if (text[0]) {
		explain_line(out, step->middleware->name, text, place, NULL);
	}
}

/* True: one of them answers. */
static bool tell_steps(struct request *r, struct buf *out, struct explanation *e)
{
	const struct route *route = exchange_of(r)->route;
	for (unsigned i = 0; i < route->step_count; i++) {
		const struct route_step *step = &route->steps[i];
		const struct middleware *m = step->middleware;
		char text[TEXT_ROOM] = "";
		enum step result = STEP_NEXT;
		if (!m->explain && !m->enter)
			continue;
		r->response.status = 0;
		if (m->explain)
			result = m->explain(r, step->state, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "may answer, which only a live request tells");
		tell_step(route, step, text, result == STEP_ANSWERED, out);
		if (result != STEP_ANSWERED)
			continue;
		decide(r, e, m->name, r->response.status);
		return true;
	}
	return false;
}

static void tell_refusal(struct request *r, unsigned allow, struct buf *out, struct explanation *e)
{
	char text[TEXT_ROOM], methods[128];
	int status = chain_refusal(r->method);
	if (allow & 1u << METHOD_GET)
		allow |= 1u << METHOD_HEAD;
	list_methods(allow | 1u << METHOD_OPTIONS, methods, sizeof(methods));
	snprintf(
	    text, sizeof(text), "%d %s: the path takes %s", status, status_reason(status), methods);
	decide(r, e, "chain", status);
	answer(out, text, NULL);
}

static void tell_handler(struct request *r, struct buf *out, struct explanation *e)
{
	struct exchange *x = exchange_of(r);
	const struct handler *h = x->route->handler;
	char text[TEXT_ROOM] = "", line[TEXT_ROOM + 64];
	struct config_place room;
	r->response.status = 0;
	if (x->route == &x->site->unrouted) {
		decide(r, e, h->name, 404);
		answer(out, "404 Not Found: no route has this path", NULL);
		return;
	}
	if (x->route == &x->site->undecided) {
		decide(r, e, h->name, 500);
		answer(out, "500 Internal Server Error: a route could not be decided", NULL);
		return;
	}
	if (h->explain)
		h->explain(r, x->route->handler_state, text, sizeof(text));
	snprintf(line, sizeof(line), "%s%s%s", h->name, text[0] ? ": " : "", text);
	decide(r, e, h->name, r->response.status);
	answer(out, line, place_of(x->route, h->groups, &room));
}

static void tell_astray(struct request *r, struct buf *out, struct explanation *e)
{
	char text[TEXT_ROOM];
	int status = 400;
	unsigned port = r->local ? net_addr_port(r->local) : 0;
	const char *url = https_wanted(e->site->scope) ? https_location(r, port, &status) : NULL;
	if (url)
		snprintf(text, sizeof(text), "%d, to %s: this port speaks HTTPS", status, url);
	else
		snprintf(text, sizeof(text), "400 Bad Request: this port speaks HTTPS");
	decide(r, e, "chain", url ? status : 400);
	answer(out, text, NULL);
}

void explain_request(struct request *r, struct buf *out, struct explanation *e)
{
	enum chain_start start = chain_choose(r);
	struct exchange *x = exchange_of(r);
	*e = (struct explanation){ .site = x->site };
	tell_site(r, out);
	if (start == CHAIN_ASTRAY) {
		tell_astray(r, out, e);
		return;
	}
	if (start == CHAIN_MISDIRECTED) {
		decide(r, e, "chain", 421);
		answer(out, "421 Misdirected Request: another site's certificate was shown", NULL);
		return;
	}
	if (r->path.ptr[0] == '/')
		tell_routes(r, out);
	if (!x->unmatched && x->route != &x->site->undecided)
		e->route = x->route;
	if (tell_steps(r, out, e))
		return;
	unsigned allow;
	if (chain_refuses(r, &allow))
		tell_refusal(r, allow, out, e);
	else
		tell_handler(r, out, e);
}
