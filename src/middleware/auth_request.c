/*
 * auth_request.c - another route of the site says whether a request may pass: a program behind a
 * proxy, say, that knows sessions. 2xx is yes; 401, 403 and redirects to where one logs in are
 * passed on; anything else is that route's failure, and nobody passes.
 */
#include "middleware/auth_way.h"

#include "app/site.h"
#include "app/subrequest.h"
#include "base/log.h"
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
	/* The question itself needs no answer, or there would be no end. */
	if (r->internal)
		return STEP_NEXT;
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
