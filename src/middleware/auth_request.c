/*
 * auth_request.c - another route of the site says whether a request may pass: a program behind a
 * proxy, say, that knows sessions. 2xx is yes; 401, 403 and redirects to where one logs in are
 * passed on; anything else is that route's failure, and nobody passes.
 */
#include "middleware/auth_way.h"

#include "app/route.h"
#include "app/site.h"
#include "app/subrequest.h"
#include "base/log.h"
#include "config/core.h"
#include "http/target.h"

#include <stdio.h>

struct asking {
	struct request *r;
	const struct auth *auth;
	struct subrequest *sub;
};

struct question {
	struct slice path;
	struct slice query;
};

static const char *read_question(const char *text, struct arena *a, struct question *out)
{
	struct target target;
	const char *reason = "does not begin with '/'";
	if (text[0] != '/' || target_parse(slice_str(text), METHOD_GET, a, &target, &reason) < 0)
		return reason;
	*out = (struct question){ target.path, target.query };
	return NULL;
}

static bool takes_get(const struct config_strings *methods)
{
	for (size_t i = 0; i < methods->count; i++)
		if (strcmp(methods->list[i], "GET") == 0)
			return true;
	return methods->count == 0;
}

static bool may_take(const struct config_scope *route, struct slice path, struct arena *a)
{
	const struct route_settings *s = config_settings(route, &route_group);
	struct route_pattern p;
	struct exchange x = { .param_count = 0 };
	char why[PATTERN_WHY];
	if (!takes_get(&s->methods) || pattern_of_route(route, a, &p, why) < 0)
		return false;
	bool matches = pattern_match(&p, path, &x) != MATCH_NO;
	pattern_release(&p);
	return matches;
}

/* The first route that may take the question; NULL if none does. */
static const struct config_scope *find_asked(
    const struct config_scope *site, struct slice path, struct arena *a)
{
	for (size_t i = 0; i < site->all_route_count; i++)
		if (may_take(site->all_routes[i], path, a))
			return site->all_routes[i];
	return NULL;
}

static bool asks_another(
    const struct config_scope *asked, const struct question *q, struct arena *a)
{
	const struct auth_settings *s = config_settings(asked, &auth_group);
	struct question next;
	return auth_method_at(asked) == AUTH_REQUEST && !read_question(s->request, a, &next) &&
	       !slice_eq(next.path, q->path);
}

/* A route whose own answer says that it may be seen lets everybody in. */
static void check_asked(const struct config_scope *scope, const struct question *q, struct arena *a,
    struct config_report *report)
{
	const struct config_scope *site = scope;
	struct config_place place = config_place(scope, &auth_group, "request");
	while (site && site->kind != SCOPE_SITE)
		site = site->parent;
	if (!site || site->all_route_count == 0)
		return;
	const struct config_scope *asked = find_asked(site, q->path, a);
	if (!asked)
		report_mistake(report, place,
		    "auth.request: no route of the site answers '" SLICE_FMT "'",
		    SLICE_ARG(q->path));
	else if (asked == scope)
		report_mistake(report, place,
		    "auth.request: the route asks itself, and would let everybody in (give "
		    "'" SLICE_FMT "' a route of its own before it)",
		    SLICE_ARG(q->path));
	else if (asks_another(asked, q, a))
		report_mistake(report, place,
		    "auth.request: the route of '" SLICE_FMT "' asks another one in turn",
		    SLICE_ARG(q->path));
}

static void check(
    const struct config_scope *scope, const struct auth_settings *s, struct config_report *report)
{
	struct arena a;
	struct question q;
	if (!s->request)
		return;
	arena_init(&a);
	const char *reason = read_question(s->request, &a, &q);
	if (reason)
		report_mistake(report, config_place(scope, &auth_group, "request"),
		    "auth.request: '%s': %s (expected a path of the site: \"/check\")", s->request,
		    reason);
	else
		check_asked(scope, &q, &a, report);
	arena_fini(&a);
}

static void prepare(struct auth *auth, struct arena *a)
{
	struct question *q = arena_zalloc(a, sizeof(*q));
	if (read_question(auth->settings->request, a, q))
		*q = (struct question){ SLICE("/"), SLICE_NONE }; /* refused by the check */
	auth->state = q;
}

static struct slice user_in(const struct request *answer)
{
	static const struct slice names[] = { { "X-Auth-User", 11 }, { "Remote-User", 11 } };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice user = fields_get_name(&answer->response.fields, names[i]);
		if (user.len > 0)
			return user;
	}
	return SLICE_NONE;
}

/* The answer is gone before ours is sent: the values are copied. */
static void pass_on_fields(struct request *r, const struct request *answer)
{
	static const struct slice names[] = { { "WWW-Authenticate", 16 }, { "Location", 8 },
		{ "Set-Cookie", 10 } };
	const struct fields *from = &answer->response.fields;
	for (unsigned i = 0; i < from->count; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (slice_eq_ci(from->list[i].name, names[k]) &&
			    response_add(r, names[k], from->list[i].value) < 0)
				log_debug("auth.request: an invalid field is left out");
}

static bool is_passed_on(const struct request *answer)
{
	int status = answer->response.status;
	if (status == 401 || status == 403)
		return true;
	return status >= 300 && status < 400 && status != 304 &&
	       fields_get_name(&answer->response.fields, SLICE("Location")).ptr;
}

static void refuse(struct request *r, const struct auth *auth, const struct request *answer)
{
	static struct log_gate gate;
	int status = answer->response.status;
	if (is_passed_on(answer)) {
		pass_on_fields(r, answer);
		response_error(r, status, "refused by the route that auth.request names");
		return;
	}
	log_gated(&gate, LOG_LEVEL_WARNING,
	    "auth.request: %s answers %d on " SLICE_FMT ": nobody passes", auth->settings->request,
	    status, SLICE_ARG(exchange_of(r)->site->name));
	response_error(r, 502, "the route that auth.request names says neither yes nor no");
}

static void on_answer(void *ctx, const struct request *answer)
{
	struct asking *a = ctx;
	struct request *r = a->r;
	a->sub = NULL;
	chain_came_back(r);
	if (answer->response.status < 200 || answer->response.status > 299)
		refuse(r, a->auth, answer);
	else if (auth_admit(r, a->auth, user_in(answer)))
		chain_resume(r);
}

static void on_gone(struct request *r, void *ctx)
{
	struct asking *a = ctx;
	(void)r;
	subrequest_cancel(a->sub);
}

static enum step enter(struct request *r, const struct auth *auth)
{
	const struct question *q = auth->state;
	/* The question itself, where a whole site asks it, needs no answer, or there would be no
	 * end. One that is guarded by another question gets none: two routes that ask each other
	 * would let everybody in. */
	if (r->internal && slice_eq(r->path, q->path))
		return STEP_NEXT;
	if (r->internal) {
		response_error(r, 500, "a route that auth.request names asks another one in turn");
		return STEP_ANSWERED;
	}
	struct asking *a = arena_zalloc(&r->arena, sizeof(*a));
	a->r = r;
	a->auth = auth;
	a->sub = subrequest_start(r, q->path, q->query, on_answer, a);
	chain_wait(r, on_gone, a);
	return STEP_WAIT;
}

static enum step explain(struct request *r, const struct auth *auth, char *text_out, size_t room)
{
	(void)r;
	snprintf(text_out, room, "if %s of this site says yes", auth->settings->request);
	return STEP_WAIT;
}

const struct auth_way auth_request_way = {
	.check = check,
	.prepare = prepare,
	.enter = enter,
	.explain = explain,
};
