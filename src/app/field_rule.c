/*
 * field_rule.c - see field_rule.h.
 */
#include "app/field_rule.h"

#include "app/params.h"

/* A value made of what clients send is at most that of some header fields. */
enum { VALUE_MAX = 64 << 10 };

/* Framing and persistence are the engines' (RFC 9110 section 7.6.1), and what part of the content
 * is sent is known to who sends it. */
static const char *const reserved[] = {
	"connection",
	"content-length",
	"content-range",
	"date",
	"keep-alive",
	"proxy-connection",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
};

const char *field_rule_reserved(struct slice name)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (slice_eq_ci(name, slice_str(reserved[i])))
			return "the server alone decides about this field (leave it out)";
	return NULL;
}

static int fail(const char **reason_out, const char *reason)
{
	*reason_out = reason;
	return ERR_SYNTAX;
}

static bool has_variables(struct slice text)
{
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.ptr[i] == '$' && text.ptr[i + 1] == '{')
			return true;
	return false;
}

int field_rule_compile(const char *line, const char *const *params, struct arena *a,
    struct field_rule *out, const char **reason_out)
{
	struct slice value = slice_str(line), name = slice_split(&value, ':');
	struct template_error error;
	if (!value.ptr)
		return fail(reason_out, "expected \"Name: value\"");
	if (!field_name_valid(name))
		return fail(reason_out, "no name of a field stands before the ':'");
	if (!field_value_valid(value))
		return fail(reason_out, "a field can not have control characters");
	*reason_out = field_rule_reserved(name);
	if (*reason_out)
		return ERR_SYNTAX;
	value = slice_trim(value);
	if (value.len == 0)
		return fail(reason_out, "no value stands behind the ':'");
	*out = (struct field_rule){ .name = name, .id = field_find_id(name), .text = value };
	if (!has_variables(value))
		return OK;
	if (template_compile(value, a, params, &out->value, &error) < 0)
		return fail(reason_out, error.reason);
	return OK;
}

struct field_rule *field_rules_compile(const struct config_strings *lines,
    const char *const *params, struct arena *a, unsigned *count_out)
{
	struct field_rule *rules = arena_zalloc(a, (lines->count + 1) * sizeof(*rules));
	const char *reason;
	*count_out = 0;
	for (size_t i = 0; i < lines->count; i++)
		if (field_rule_compile(lines->list[i], params, a, &rules[*count_out], &reason) ==
		    OK)
			++*count_out;
	return rules;
}

void field_rules_check(const struct config_strings *lines, const struct config_scope *scope,
    struct config_place place, const char *key, struct config_report *report)
{
	struct arena arena = { 0 };
	const char *const *params = params_of(scope, &arena), *reason;
	struct field_rule rule;
	for (size_t i = 0; i < lines->count; i++)
		if (field_rule_compile(lines->list[i], params, &arena, &rule, &reason) < 0)
			report_mistake(report, place, "%s: '%s': %s", key, lines->list[i], reason);
	arena_fini(&arena);
}

struct slice field_rule_value(const struct field_rule *rule, struct request *r)
{
	struct buf text;
	if (!rule->value)
		return rule->text;
	buf_init(&text, VALUE_MAX);
	/* What does not fit is not sent: half a value may mean something else. */
	int rc = template_expand(rule->value, r, ESCAPE_HEADER, &text);
	struct slice value =
	    rc < 0 ? SLICE_NONE : arena_dup(&r->arena, slice_trim(buf_peek(&text)));
	buf_fini(&text);
	return value;
}
