/*
 * redirect.c - answers with another address (RFC 9110 section 15.4). Chosen by a route's
 * `redirect`. Where it leads is redirect_target.c's business.
 */
#include "handler/redirect.h"

#include "app/escape.h"
#include "app/params.h"
#include "config/core.h"
#include "handler/redirect_target.h"
#include "http/status.h"

#include <stdio.h>

enum { STATUS_DEFAULT = 302 };

struct redirect_settings {
	const char *target;
	int64_t
	    status; /* 0: not given. It has no default as a key: other routes have none, either. */
};

struct redirect {
	const struct redirect_target *target;
	int status;
};

static const struct key redirect_keys[] = {
	{ .name = "redirect",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct redirect_settings, target),
	    .help = "where clients are sent: a path or a URL, with variables" },
	{ .name = "status",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct redirect_settings, status),
	    .help = "of the redirect: 301, 302, 303, 307 or 308" },
	KEYS_END,
};

/* 300 and 304 say something else, 305 and 306 are of the past. */
static bool redirects(int64_t status)
{
	return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

static void check_keys(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct redirect_settings *s = settings;
	struct config_place place = config_place(scope, &redirect_group, "status");
	bool wanted = config_given(scope, &redirect_group, "redirect") ||
		      config_mistaken(scope, &redirect_group, "redirect");
	if (!config_given(scope, &redirect_group, "status"))
		return;
	if (!wanted && scope->route_count == 0) /* a group's is for the redirects in it */
		report_mistake(report, place,
		    "status: goes with a redirect (for another answer: respond = { status = %lld; "
		    "})",
		    (long long)s->status);
	else if (!redirects(s->status) && !config_mistaken(scope, &redirect_group, "status"))
		report_mistake(report, place,
		    "status: %lld is not of a redirect (expected 301, 302, 303, 307 or 308)",
		    (long long)s->status);
}

const struct key_group redirect_group = {
	.scopes = SCOPE_ROUTE,
	.keys = redirect_keys,
	.size = sizeof(struct redirect_settings),
	.help = "another address",
	.check = check_keys,
};

/* Of a route for all methods: one for POST alone may well lead to a page of the same name. */
static bool leads_back(const struct config_scope *route, const char *target)
{
	const struct route_settings *s = config_settings(route, &route_group);
	size_t len = strcspn(target, "?#");
	return s->methods.count == 0 && s->path && *s->path == '/' && !strpbrk(s->path, "*:") &&
	       strlen(s->path) == len && memcmp(s->path, target, len) == 0;
}

static void check(const struct config_scope *route, struct config_report *report)
{
	const struct redirect_settings *s = config_settings(route, &redirect_group);
	const struct redirect_target *target;
	struct arena arena = { 0 };
	const char *reason;
	if (config_mistaken(route, &redirect_group, "redirect"))
		return;
	if (redirect_target_compile(
		slice_str(s->target), params_of(route, &arena), &arena, &target, &reason) < 0)
		report_mistake(report, config_place(route, &redirect_group, "redirect"),
		    "redirect: '%s': %s", s->target, reason);
	else if (leads_back(route, s->target))
		report_mistake(report, config_place(route, &redirect_group, "redirect"),
		    "redirect: '%s' is this very route: clients would go round", s->target);
	arena_fini(&arena);
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct redirect_settings *s = config_settings(route, &redirect_group);
	struct redirect *redirect = arena_zalloc(a, sizeof(*redirect));
	const char *reason; /* the check has told it */
	redirect->status = s->status ? (int)s->status : STATUS_DEFAULT;
	if (redirect_target_compile(
		slice_str(s->target), params_of(route, a), a, &redirect->target, &reason) < 0)
		return NULL;
	return redirect;
}

/* For the few who see it: programs that do not follow, and people who look what they do. */
static struct slice page_of(struct request *r, int status, struct slice url)
{
	struct buf link;
	/* No byte becomes more than "&quot;". */
	buf_init(&link, 6 * url.len + 1);
	const char *escaped =
	    escape_append(&link, url, ESCAPE_HTML) == OK && link.len ? link.data : "";
	char *page = arena_printf(&r->arena,
	    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>%d %s</title>\n"
	    "<p>This is now at <a href=\"%s\">%s</a>.</p>\n",
	    status, status_reason(status), escaped, escaped);
	buf_fini(&link);
	return slice_str(page);
}

static void handle(struct request *r, void *state)
{
	const struct redirect *redirect = state;
	struct slice url = SLICE_NONE;
	if (!redirect) {
		response_error(r, 500, "the redirect's target is not sound");
		return;
	}
	int rc = redirect_target_expand(redirect->target, r, &url);
	if (rc < 0) {
		response_error(r, rc == ERR_FULL ? 414 : 404, "no URL came out for the redirect");
		return;
	}
	r->response.status = redirect->status;
	r->response.personal = redirect_target_is_personal(redirect->target);
	response_add_static(r, FIELD_OTHER, SLICE("Location"), url);
	response_add_static(
	    r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), SLICE("text/html; charset=utf-8"));
	response_set_body(r, page_of(r, redirect->status, url), NULL);
	response_start(r);
}

static void explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct redirect *redirect = state;
	struct slice url = SLICE_NONE;
	int rc = redirect ? redirect_target_expand(redirect->target, r, &url) : OK;
	r->response.status = !redirect        ? 500
			     : rc == OK       ? redirect->status
			     : rc == ERR_FULL ? 414
					      : 404;
	if (redirect && rc == OK)
		snprintf(
		    text_out, room, "answers %d, to " SLICE_FMT, redirect->status, SLICE_ARG(url));
	else
		snprintf(text_out, room, "answers %d: no URL comes out for the redirect",
		    r->response.status);
}

static const struct key_group *const groups[] = { &redirect_group, NULL };

const struct handler redirect_handler = {
	.name = "redirect",
	.groups = groups,
	.select = "redirect",
	.check = check,
	.prepare = prepare,
	.handle = handle,
	.explain = explain,
};
