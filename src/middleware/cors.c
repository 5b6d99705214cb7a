/*
 * cors.c - tells browsers which other sites' pages may use an answer (Fetch standard, section 3.3).
 *
 * A preflight (OPTIONS that announces a method) is answered here: it carries no credentials, so
 * this stands before whatever asks for some, and no handler sees it. All other answers, errors
 * included, get their fields on the way out. Nobody is refused: that the page may not read what
 * it was not allowed to is the browser's business.
 */
#include "middleware/cors.h"

#include "app/site.h"
#include "middleware/cors_origin.h"

#include <stdio.h>

struct cors_settings {
	struct config_strings origins;
	struct config_strings methods;
	struct config_strings headers;
	struct config_strings expose;
	bool credentials;
	int64_t max_age; /* milliseconds */
};

struct cors {
	struct origin_pattern *origins;
	unsigned origin_count;
	bool open; /* every answer is for all, whether they say who they are or not */
	bool credentials;
	struct slice methods; /* empty: those of the route */
	struct slice headers; /* empty: those that are asked for */
	struct slice expose;  /* empty: none */
	struct slice max_age;
};

static const struct key cors_keys[] = {
	{ .name = "origins",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct cors_settings, origins),
	    .help = "origins whose pages may use the answers; * for all" },
	{ .name = "methods",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct cors_settings, methods),
	    .help = "methods that they may use (without: those of the route)" },
	{ .name = "headers",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct cors_settings, headers),
	    .help = "header fields that they may send (without: any)" },
	{ .name = "expose",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct cors_settings, expose),
	    .help = "fields of answers that they may read beside the usual ones" },
	{ .name = "credentials",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct cors_settings, credentials),
	    .def = "false",
	    .help = "whether they may act for the user: cookies, passwords" },
	{ .name = "max_age",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct cors_settings, max_age),
	    .def = "1d",
	    .help = "how long browsers need not ask again" },
	KEYS_END,
};

const struct key_group cors_group = {
	.name = "cors",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = cors_keys,
	.size = sizeof(struct cors_settings),
	.shorthand = "origins",
	.help = "use by pages of other sites",
};

static bool is_star(const char *text)
{
	return strcmp(text, "*") == 0;
}

static void check_origins(
    const struct config_scope *scope, const struct cors_settings *s, struct config_report *report)
{
	struct config_place place = config_place(scope, &cors_group, "origins");
	struct origin_pattern p;
	const char *reason;
	for (size_t i = 0; i < s->origins.count; i++) {
		const char *text = s->origins.list[i];
		if (origin_pattern_parse(slice_str(text), &p, &reason) < 0)
			report_mistake(report, place, "cors.origins: '%s': %s", text, reason);
		else if (s->credentials && (p.form == ORIGIN_ALL || strcmp(text, "null") == 0))
			report_mistake(report, place,
			    "cors.origins: '%s' with credentials: any page could act for the user "
			    "(expected the origins by name)",
			    text);
	}
}

static void check_tokens(const struct config_scope *scope, const char *key,
    const struct config_strings *list, struct config_report *report)
{
	const struct cors_settings *s = config_settings(scope, &cors_group);
	struct config_place place = config_place(scope, &cors_group, key);
	for (size_t i = 0; i < list->count; i++) {
		if (!field_name_valid(slice_str(list->list[i])))
			report_mistake(
			    report, place, "cors.%s: '%s' is not a name", key, list->list[i]);
		else if (s->credentials && is_star(list->list[i]))
			report_mistake(report, place,
			    "cors.%s: '*' means nothing with credentials (expected names)", key);
	}
}

/* Browsers tell them apart. */
static void check_case(const struct config_scope *scope, const struct config_strings *methods,
    struct config_report *report)
{
	for (size_t i = 0; i < methods->count; i++)
		if (strpbrk(methods->list[i], "abcdefghijklmnopqrstuvwxyz"))
			report_mistake(report, config_place(scope, &cors_group, "methods"),
			    "cors.methods: '%s' is not known (expected capital letters: \"GET\")",
			    methods->list[i]);
}

static void check(const struct config_scope *scope, struct config_report *report)
{
	const struct cors_settings *s = config_settings(scope, &cors_group);
	if (!config_given(scope, &cors_group, NULL))
		return;
	check_origins(scope, s, report);
	check_tokens(scope, "methods", &s->methods, report);
	check_case(scope, &s->methods, report);
	check_tokens(scope, "headers", &s->headers, report);
	check_tokens(scope, "expose", &s->expose, report);
	if (scope->kind == SCOPE_ROUTE && s->origins.count == 0 &&
	    !config_given(scope, &cors_group, "origins") &&
	    !config_mistaken(scope, &cors_group, "origins"))
		report_warning(report, config_place(scope, &cors_group, NULL),
		    "cors: without effect, no origins are given");
}

static struct slice join(const struct config_strings *list, struct arena *a)
{
	const char *text = "";
	for (size_t i = 0; i < list->count; i++)
		text = arena_printf(a, "%s%s%s", text, i ? ", " : "", list->list[i]);
	return slice_str(text);
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct cors_settings *s = config_settings(route, &cors_group);
	const char *reason; /* the check has told it */
	if (s->origins.count == 0)
		return NULL;
	struct cors *c = arena_zalloc(a, sizeof(*c));
	c->origins = arena_zalloc(a, s->origins.count * sizeof(*c->origins));
	for (size_t i = 0; i < s->origins.count; i++) {
		struct origin_pattern *p = &c->origins[c->origin_count];
		if (origin_pattern_parse(slice_str(s->origins.list[i]), p, &reason) < 0)
			continue;
		c->origin_count++;
		c->open |= p->form == ORIGIN_ALL;
	}
	c->credentials = s->credentials;
	c->methods = join(&s->methods, a);
	c->headers = join(&s->headers, a);
	c->expose = join(&s->expose, a);
	c->max_age = slice_str(arena_printf(a, "%lld", (long long)(s->max_age / 1000)));
	return c;
}

/* ptr NULL without one. Of two nobody knows who asks. */
static struct slice origin_of(const struct request *r)
{
	return fields_count(&r->fields, FIELD_ORIGIN) == 1 ? fields_get(&r->fields, FIELD_ORIGIN)
							   : SLICE_NONE;
}

static bool allows(const struct cors *c, struct slice origin)
{
	for (unsigned i = 0; origin.ptr && i < c->origin_count; i++)
		if (origin_matches(&c->origins[i], origin))
			return true;
	return false;
}

static struct slice asked_method(const struct request *r)
{
	return fields_get_name(&r->fields, SLICE("Access-Control-Request-Method"));
}

static bool is_preflight(const struct request *r)
{
	return r->method == METHOD_OPTIONS && r->fields.present & 1u << FIELD_ORIGIN &&
	       asked_method(r).ptr;
}

static void add(struct request *r, struct slice name, struct slice value)
{
	response_add_static(r, FIELD_OTHER, name, value);
}

/* Bits of what may be asked of this path; 0: everything. */
static unsigned methods_taken(const struct exchange *x)
{
	const struct route *route = x->route;
	/* Who takes unknown ones takes them all. */
	unsigned handled = route->handled & 1u << METHOD_OTHER ? 0 : route->handled;
	if (x->unmatched)
		return x->allow;
	if (!route->methods || !handled)
		return route->methods | handled;
	return route->methods & handled;
}

/* Where everything may be, the usual ones, or what is asked for if that is none of them. */
static struct slice methods_of(struct request *r)
{
	const unsigned usual = 1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_POST |
			       1u << METHOD_PUT | 1u << METHOD_DELETE | 1u << METHOD_PATCH;
	unsigned taken = methods_taken(exchange_of(r));
	struct slice asked = asked_method(r);
	char *text = arena_bytes(&r->arena, METHOD_LIST_MAX);
	if (!taken && !(usual & 1u << method_find(asked)))
		return field_name_valid(asked) ? asked : SLICE_NONE;
	return slice_of(text, method_list(taken ? taken : usual, text));
}

/* What is asked for, if it is a list of names. */
static struct slice headers_of(const struct request *r)
{
	struct slice asked = fields_get_name(&r->fields, SLICE("Access-Control-Request-Headers"));
	struct slice rest = asked, member;
	while (field_list_next(&rest, &member))
		if (!field_name_valid(member))
			return SLICE_NONE;
	return asked;
}

static void add_permission(struct request *r, const struct cors *c)
{
	struct slice methods = c->methods.len ? c->methods : methods_of(r);
	struct slice headers = c->headers.len ? c->headers : headers_of(r);
	if (methods.len)
		add(r, SLICE("Access-Control-Allow-Methods"), methods);
	if (headers.len)
		add(r, SLICE("Access-Control-Allow-Headers"), headers);
	add(r, SLICE("Access-Control-Max-Age"), c->max_age);
}

static enum step enter(struct request *r, void *state)
{
	const struct cors *c = state;
	if (!is_preflight(r))
		return STEP_NEXT;
	response_vary(r, SLICE("Access-Control-Request-Method"));
	response_vary(r, SLICE("Access-Control-Request-Headers"));
	if (allows(c, origin_of(r)))
		add_permission(r, c);
	r->response.status = 204;
	response_start(r);
	return STEP_ANSWERED;
}

/* A program behind this server may have opinions of its own: one of the two has to decide. */
static void head(struct request *r, void *state)
{
	const struct cors *c = state;
	bool preflight = is_preflight(r);
	struct slice origin = origin_of(r);
	response_remove(r, SLICE("Access-Control-Allow-Origin"));
	response_remove(r, SLICE("Access-Control-Allow-Credentials"));
	if (!c->open)
		response_vary(r, SLICE("Origin"));
	if (!c->open && !allows(c, origin))
		return;
	add(r, SLICE("Access-Control-Allow-Origin"), c->open ? SLICE("*") : origin);
	if (c->credentials)
		add(r, SLICE("Access-Control-Allow-Credentials"), SLICE("true"));
	if (c->expose.len && !preflight)
		response_replace(r, FIELD_OTHER, SLICE("Access-Control-Expose-Headers"), c->expose);
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct cors *c = state;
	struct slice origin = origin_of(r);
	bool allowed = allows(c, origin);
	if (is_preflight(r))
		snprintf(text_out, room, "answers the preflight of " SLICE_FMT " with 204, %s",
		    SLICE_ARG(origin), allowed ? "permits it" : "does not permit it");
	else if (origin.ptr)
		snprintf(text_out, room, "pages of " SLICE_FMT " may %suse the answer",
		    SLICE_ARG(origin), allowed ? "" : "not ");
	r->response.status = is_preflight(r) ? 204 : 0;
	return is_preflight(r) ? STEP_ANSWERED : STEP_NEXT;
}

static const struct key_group *const groups[] = { &cors_group, NULL };

const struct middleware cors_middleware = {
	.name = "cors",
	.groups = groups,
	.takes_preflight = true,
	.check = check,
	.prepare = prepare,
	.enter = enter,
	.head = head,
	.explain = explain,
};
