/*
 * https.c - see https.h.
 */
#include "middleware/https.h"

#include "app/https.h"
#include "tls/settings.h"

#include <stdio.h>

struct https {
	bool redirect;
	unsigned port;
	struct slice hsts; /* the field's value; empty: none */
};

static void check(const struct config_scope *scope, struct config_report *report)
{
	if (scope->kind != SCOPE_SITE || !https_wanted(scope) || https_port(scope->snapshot) != 0)
		return;
	report_mistake(report, config_place(scope, &https_group, "redirect_https"),
	    "redirect_https: no listen entry speaks HTTPS (give one tls = true)");
}

static void *prepare(const struct config_scope *route, struct arena *arena)
{
	const struct config_scope *site = config_scope_site(route);
	const struct tls_settings *tls = config_settings(site, &tls_group);
	struct https *https = arena_zalloc(arena, sizeof(*https));
	https->redirect = https_wanted(site);
	https->port = https_port(site->snapshot);
	if (tls->hsts > 0)
		https->hsts =
		    slice_str(arena_printf(arena, "max-age=%lld", (long long)(tls->hsts / 1000)));
	return https->redirect || https->hsts.len ? https : NULL;
}

static enum step enter(struct request *r, void *state)
{
	const struct https *https = state;
	if (!https->redirect || r->secure || https_redirect(r, https->port) < 0)
		return STEP_NEXT;
	return STEP_ANSWERED;
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct https *https = state;
	int status;
	const char *url =
	    https->redirect && !r->secure ? https_location(r, https->port, &status) : NULL;
	if (!url)
		return STEP_NEXT;
	r->response.status = status;
	snprintf(text_out, room, "answers %d, to %s", status, url);
	return STEP_ANSWERED;
}

/* Said over HTTPS only: what comes in the clear may be anybody's (RFC 6797 section 7.2). */
static void head(struct request *r, void *state)
{
	const struct https *https = state;
	if (r->secure && https->hsts.len)
		response_add_static(
		    r, FIELD_OTHER, SLICE("Strict-Transport-Security"), https->hsts);
}

static const struct key_group *const groups[] = { &https_group, &tls_group, NULL };

const struct middleware https_middleware = {
	.name = "https",
	.groups = groups,
	.check = check,
	.prepare = prepare,
	.enter = enter,
	.head = head,
	.explain = explain,
};
