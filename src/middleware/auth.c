/*
 * auth.c - see auth.h. What all ways of finding out who asks have in common stands here; each has a
 * file of its own.
 */
#include "middleware/auth.h"

#include "app/site.h"
#include "http/fields.h"
#include "middleware/auth_way.h"

#include <stdio.h>

static const struct auth_way *const ways[] = {
	[AUTH_USERS] = &auth_users_way,
	[AUTH_JWT] = &auth_jwt_way,
	[AUTH_REQUEST] = &auth_request_way,
	[AUTH_CLIENT] = &auth_client_way,
};

/* ---- for the ways ------------------------------------------------------------------------------
 */

bool auth_permits(const struct auth *auth, struct slice user)
{
	const struct config_strings *require = &auth->settings->require;
	for (size_t i = 0; i < require->count; i++)
		if (slice_eq(slice_str(require->list[i]), user))
			return true;
	return require->count == 0;
}

bool auth_admit(struct request *r, const struct auth *auth, struct slice user)
{
	/* Somebody without a name is not nobody: his answers are not for others. */
	exchange_of(r)->user = user.ptr ? arena_dup(&r->arena, user) : SLICE("");
	if (auth_permits(auth, user))
		return true;
	/* 401 would make browsers forget a password that is right (RFC 9110 section 15.5.4). */
	response_error(r, 403, "not one of the users that auth.require names");
	return false;
}

void auth_ask(struct request *r, struct slice challenge, const char *note)
{
	response_add_static(r, FIELD_OTHER, SLICE("WWW-Authenticate"), challenge);
	response_error(r, 401, note);
}

char *auth_quote(struct arena *a, const char *text)
{
	char *quoted = arena_bytes(a, 2 * strlen(text) + 3), *to = quoted;
	*to++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	*to++ = '"';
	*to = '\0';
	return quoted;
}

/* ---- the middleware ----------------------------------------------------------------------------
 */

static void check_realm(
    const struct config_scope *scope, const struct auth_settings *s, struct config_report *report)
{
	if (config_given(scope, &auth_group, "realm") && s->realm &&
	    !field_value_valid(slice_str(s->realm)))
		report_mistake(report, config_place(scope, &auth_group, "realm"),
		    "auth.realm: a control character can not stand in a header field");
}

/* Who writes "auth" at a route without its "off" wants somebody asked: nobody is to find out from
 * visitors that it is open. */
static void check_effect(
    const struct config_scope *scope, const struct auth_settings *s, struct config_report *report)
{
	struct config_place place = config_place(scope, &auth_group, NULL);
	if (scope->kind != SCOPE_ROUTE || config_mistaken(scope, &auth_group, NULL) ||
	    auth_method_at(scope) != AUTH_NONE)
		return;
	if (s->enabled & 1)
		report_mistake(report, place,
		    "auth: nothing says how (expected users, jwt, request or client)");
	else if (!config_given(scope, &auth_group, "enabled"))
		report_mistake(report, place,
		    "auth: without effect, as a place around has turned it off (say enabled = "
		    "true, too)");
}

static void check(const struct config_scope *scope, struct config_report *report)
{
	const struct auth_settings *s = config_settings(scope, &auth_group);
	unsigned given = auth_methods_given(scope);
	if (!config_given(scope, &auth_group, NULL))
		return;
	check_realm(scope, s, report);
	if (given & (given - 1)) {
		report_mistake(report, config_place(scope, &auth_group, NULL),
		    "auth: expected one of users, jwt, request and client, not several");
		return;
	}
	check_effect(scope, s, report);
	enum auth_method method = auth_method_at(scope);
	if (given && (given & 1u << method))
		ways[method]->check(scope, s, report);
}

static void each_file(const struct config_scope *scope, module_file_fn fn, void *ctx)
{
	const struct auth_settings *s = config_settings(scope, &auth_group);
	if (config_given(scope, &auth_group, "users") && s->users)
		fn(ctx, s->users, config_place(scope, &auth_group, "users"));
	if (config_given(scope, &auth_group, "jwt") && s->jwt.key)
		fn(ctx, s->jwt.key, config_place(scope, &auth_group, "jwt"));
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	enum auth_method method = auth_method_at(route);
	if (method == AUTH_NONE)
		return NULL;
	struct auth *auth = arena_zalloc(a, sizeof(*auth));
	auth->settings = config_settings(route, &auth_group);
	auth->way = ways[method];
	auth->way->prepare(auth, a);
	return auth;
}

static void release(void *state)
{
	struct auth *auth = state;
	if (auth->way->release)
		auth->way->release(auth);
}

static enum step enter(struct request *r, void *state)
{
	const struct auth *auth = state;
	return auth->way->enter(r, auth);
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct auth *auth = state;
	return auth->way->explain(r, auth, text_out, room);
}

static const struct key_group *const groups[] = { &auth_group, NULL };

const struct middleware auth_middleware = {
	.name = "auth",
	.groups = groups,
	.guards = true,
	.check = check,
	.each_file = each_file,
	.prepare = prepare,
	.release = release,
	.enter = enter,
	.explain = explain,
};
