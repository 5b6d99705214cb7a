/*
 * respond.c - answers that stand in the configuration, with variables in them. Chosen by a route's
 * `respond`; every method gets the same, but OPTIONS, unless the route names it.
 *
 * What a client sent is written so that it stays text where the type has a syntax: in HTML and XML,
 * in strings of JSON and JavaScript. In other types it stands as it came, and clients are told not
 * to guess at the type.
 */
#include "handler/respond.h"

#include "app/escape.h"
#include "app/field_rule.h"
#include "app/params.h"
#include "config/core.h"
#include "http/media.h"
#include "http/status.h"

#include <stdio.h>

/* What values may add to the text: clients choose some of them. */
enum { VALUES_MAX = 1 << 20 };

struct respond_settings {
	int64_t status;
	const char *type;
	const char *body;
	struct config_strings headers;
};

struct respond {
	int status;
	unsigned methods; /* bit METHOD_x of those that get it */
	bool plain;       /* an error without a content of its own */
	struct slice type;
	struct slice text;           /* the content, if it is the same for all */
	const struct template *body; /* else */
	size_t body_len;             /* of the text that it was made of */
	enum template_escape escape;
	struct field_rule *fields;
	unsigned field_count;
	bool nosniff;
	bool personal; /* response.h */
};

static const struct key respond_keys[] = {
	{ .name = "status",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct respond_settings, status),
	    .def = "200",
	    .min = 200,
	    .max = 599,
	    .help = "status code" },
	{ .name = "type",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct respond_settings, type),
	    .def = "text/plain; charset=utf-8",
	    .help = "media type of the content" },
	{ .name = "body",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct respond_settings, body),
	    .help = "the content, with variables" },
	{ .name = "headers",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct respond_settings, headers),
	    .help = "further fields: ( \"Name: value\" ), with variables" },
	KEYS_END,
};

const struct key_group respond_group = {
	.name = "respond",
	.scopes = SCOPE_ROUTE,
	.keys = respond_keys,
	.size = sizeof(struct respond_settings),
	.shorthand = "body",
	.help = "an answer that stands here",
};

static bool has_content(int64_t status)
{
	return status_has_content((int)status) && status != 205;
}

static void check_body(const struct config_scope *route, const struct respond_settings *s,
    struct config_report *report)
{
	struct config_place place = config_place(route, &respond_group, "body");
	struct arena arena = { 0 };
	const struct template *body;
	struct template_error error;
	if (!s->body)
		return;
	if (*s->body && !has_content(s->status))
		report_mistake(report, place,
		    "respond.body: an answer with status %lld has no content (leave it out)",
		    (long long)s->status);
	if (template_compile(slice_str(s->body), &arena, params_of(route, &arena), &body, &error) <
	    0)
		report_mistake(
		    report, place, "respond.body: %s in '%.40s'", error.reason, s->body + error.at);
	arena_fini(&arena);
}

/* Values in the content are escaped by the type: it has to be known. */
static void check_type(const struct config_scope *route, const struct respond_settings *s,
    struct config_report *report)
{
	const struct config_strings *headers = &s->headers;
	if (!media_type_valid(slice_str(s->type)))
		report_mistake(report, config_place(route, &respond_group, "type"),
		    "respond.type: '%s' is not a media type (expected \"text/html\" or "
		    "\"application/json\")",
		    s->type);
	for (size_t i = 0; i < headers->count; i++)
		if (slice_eq_ci(
			slice_head(slice_str(headers->list[i]), 13), SLICE("Content-Type:")))
			report_mistake(report, config_place(route, &respond_group, "headers"),
			    "respond.headers: the media type is respond.type");
}

static void check(const struct config_scope *route, struct config_report *report)
{
	const struct respond_settings *s = config_settings(route, &respond_group);
	check_type(route, s, report);
	check_body(route, s, report);
	field_rules_check(&s->headers, route, config_place(route, &respond_group, "headers"),
	    "respond.headers", report);
}

static const struct {
	struct slice pattern;
	enum template_escape how;
} escapes[] = {
	{ { "text/html", 9 }, ESCAPE_HTML },
	{ { "text/xml", 8 }, ESCAPE_HTML },
	{ { "application/xml", 15 }, ESCAPE_HTML },
	{ { "*+xml", 5 }, ESCAPE_HTML },
	{ { "*json", 5 }, ESCAPE_JSON },
	{ { "*javascript", 11 }, ESCAPE_SCRIPT },
	{ { "application/x-www-form-urlencoded", 33 }, ESCAPE_URL },
};

static enum template_escape escape_of(struct slice type)
{
	struct slice bare = slice_trim(slice_split(&type, ';'));
	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
		if (media_matches(bare, escapes[i].pattern))
			return escapes[i].how;
	return ESCAPE_NONE;
}

/* As files have it: text is UTF-8 unless another charset is named. */
static struct slice type_of(const char *type, struct arena *a)
{
	bool text = slice_eq_ci(slice_head(slice_str(type), 5), SLICE("text/"));
	return slice_str(
	    text && !strchr(type, ';') ? arena_printf(a, "%s; charset=utf-8", type) : type);
}

static bool names_field(const struct respond *respond, struct slice name)
{
	for (unsigned i = 0; i < respond->field_count; i++)
		if (slice_eq_ci(respond->fields[i].name, name))
			return true;
	return false;
}

static void prepare_body(struct respond *respond, const struct respond_settings *s,
    const char *const *params, struct arena *a)
{
	struct template_error error; /* the check has told it */
	respond->text = slice_str(s->body);
	respond->body_len = respond->text.len;
	respond->escape = escape_of(respond->type);
	if (s->body && strstr(s->body, "${") &&
	    template_compile(respond->text, a, params, &respond->body, &error) < 0)
		respond->body = NULL;
}

static bool is_personal(const struct respond *respond)
{
	for (unsigned i = 0; i < respond->field_count; i++)
		if (respond->fields[i].value && template_is_personal(respond->fields[i].value))
			return true;
	return respond->body && template_is_personal(respond->body);
}

/* OPTIONS asks what there is, and the server knows: but a route that names it wants it itself. */
static unsigned methods_at(const struct config_scope *route)
{
	const struct route_settings *s = config_settings(route, &route_group);
	unsigned methods = (1u << METHOD_OPTIONS) - 1; /* unknown ones, too */
	for (size_t i = 0; i < s->methods.count; i++)
		if (method_find(slice_str(s->methods.list[i])) == METHOD_OPTIONS)
			methods |= 1u << METHOD_OPTIONS;
	return methods;
}

static unsigned methods_of(const void *state)
{
	const struct respond *respond = state;
	return respond->methods;
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct respond_settings *s = config_settings(route, &respond_group);
	const char *const *params = params_of(route, a);
	struct respond *respond = arena_zalloc(a, sizeof(*respond));
	respond->status = (int)s->status;
	respond->methods = methods_at(route);
	respond->plain = s->status >= 400 && !s->body;
	respond->fields = field_rules_compile(&s->headers, params, a, &respond->field_count);
	respond->nosniff = !names_field(respond, SLICE("X-Content-Type-Options"));
	respond->type = type_of(s->type, a);
	prepare_body(respond, s, params, a);
	respond->personal = is_personal(respond);
	return respond;
}

static void add_fields(struct request *r, const struct respond *respond)
{
	for (unsigned i = 0; i < respond->field_count; i++) {
		struct slice value = field_rule_value(&respond->fields[i], r);
		if (value.len)
			response_add_static(
			    r, respond->fields[i].id, respond->fields[i].name, value);
	}
}

/* ERR_FULL: clients have sent more than is worth repeating. */
static int content_of(struct request *r, const struct respond *respond, struct slice *out)
{
	struct buf text;
	*out = respond->text;
	if (!respond->body)
		return OK;
	buf_init(&text, respond->body_len + VALUES_MAX);
	int rc = template_expand(respond->body, r, respond->escape, &text);
	if (rc == OK)
		*out = arena_dup(&r->arena, buf_peek(&text));
	buf_fini(&text);
	return rc;
}

static void handle(struct request *r, void *state)
{
	const struct respond *respond = state;
	struct slice content;
	r->response.status = respond->status; /* for ${status} */
	r->response.personal = respond->personal;
	add_fields(r, respond);
	if (respond->plain) {
		response_error(r, respond->status, NULL);
		return;
	}
	if (content_of(r, respond, &content) < 0) {
		response_error(r, 500, "the content became too large");
		return;
	}
	if (has_content(respond->status))
		response_add_static(r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), respond->type);
	if (has_content(respond->status) && respond->nosniff)
		response_add_static(
		    r, FIELD_OTHER, SLICE("X-Content-Type-Options"), SLICE("nosniff"));
	response_set_body(r, content, NULL);
	response_start(r);
}

static void explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct respond *respond = state;
	r->response.status = respond->status;
	if (respond->plain || !has_content(respond->status))
		snprintf(text_out, room, "answers %d %s", respond->status,
		    status_reason(respond->status));
	else
		snprintf(text_out, room, "answers %d with " SLICE_FMT, respond->status,
		    SLICE_ARG(respond->type));
}

static const struct key_group *const groups[] = { &respond_group, NULL };

const struct handler respond_handler = {
	.name = "respond",
	.groups = groups,
	.select = "respond",
	.check = check,
	.methods_of = methods_of,
	.prepare = prepare,
	.handle = handle,
	.explain = explain,
};
