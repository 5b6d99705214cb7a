/*
 * headers.c - sets, adds and removes fields of answers, whoever made them: files, handlers, error
 * pages, redirects, 304.
 *
 * Works on the way out, behind what chooses and encodes the content. Fields by which an engine
 * frames it can not be touched. Answers to requests that were refused before their site was known
 * do not come by here.
 */
#include "middleware/headers.h"

#include "app/field_rule.h"
#include "app/params.h"

#include <stdio.h>

struct headers_settings {
	struct config_strings set;
	struct config_strings add;
	struct config_strings remove;
};

struct headers {
	struct field_rule *set;
	struct field_rule *add;
	struct slice *remove;
	unsigned set_count;
	unsigned add_count;
	unsigned remove_count;
};

static const struct key headers_keys[] = {
	{ .name = "set",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct headers_settings, set),
	    .help = "fields in place of others of their name: ( \"Name: value\" )" },
	{ .name = "add",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct headers_settings, add),
	    .help = "fields beside others of their name: ( \"Name: value\" )" },
	{ .name = "remove",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct headers_settings, remove),
	    .help = "names of fields that are not sent" },
	KEYS_END,
};

const struct key_group headers_group = {
	.name = "headers",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = headers_keys,
	.size = sizeof(struct headers_settings),
	.help = "fields of all answers",
};

static struct slice name_of(const char *line)
{
	struct slice rest = slice_str(line);
	return slice_split(&rest, ':');
}

static bool named_before(const struct config_strings *lines, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (slice_eq_ci(name_of(lines->list[i]), name_of(lines->list[at])))
			return true;
	return false;
}

static void check_set(const struct config_scope *scope, const struct config_strings *lines,
    struct config_report *report)
{
	struct config_place place = config_place(scope, &headers_group, "set");
	field_rules_check(lines, scope, place, "headers.set", report);
	for (size_t i = 1; i < lines->count; i++)
		if (named_before(lines, i))
			report_mistake(report, place,
			    "headers.set: '%s' would take the place of the one before (for both: "
			    "headers.add)",
			    lines->list[i]);
}

static void check_add(const struct config_scope *scope, const struct config_strings *lines,
    struct config_report *report)
{
	struct config_place place = config_place(scope, &headers_group, "add");
	field_rules_check(lines, scope, place, "headers.add", report);
	for (size_t i = 0; i < lines->count; i++)
		if (field_find_id(name_of(lines->list[i])) == FIELD_SERVER)
			report_mistake(report, place,
			    "headers.add: '%s': an answer has one Server (expected it in "
			    "headers.set)",
			    lines->list[i]);
}

static void check_remove(const struct config_scope *scope, const struct config_strings *names,
    struct config_report *report)
{
	struct config_place place = config_place(scope, &headers_group, "remove");
	for (size_t i = 0; i < names->count; i++) {
		struct slice name = slice_str(names->list[i]);
		if (slice_eq_ci(name, SLICE("Content-Encoding"))) {
			report_mistake(report, place,
			    "headers.remove: '%s': nobody could read the content (for content as "
			    "it is: compress = false)",
			    names->list[i]);
			continue;
		}
		const char *reason = field_name_valid(name)
					 ? field_rule_reserved(name)
					 : "not the name of a field (expected \"X-Powered-By\")";
		if (reason)
			report_mistake(
			    report, place, "headers.remove: '%s': %s", names->list[i], reason);
	}
}

static void check(const struct config_scope *scope, struct config_report *report)
{
	const struct headers_settings *s = config_settings(scope, &headers_group);
	if (config_given(scope, &headers_group, "set"))
		check_set(scope, &s->set, report);
	if (config_given(scope, &headers_group, "add"))
		check_add(scope, &s->add, report);
	if (config_given(scope, &headers_group, "remove"))
		check_remove(scope, &s->remove, report);
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct headers_settings *s = config_settings(route, &headers_group);
	if (s->set.count + s->add.count + s->remove.count == 0)
		return NULL;
	const char *const *params = params_of(route, a);
	struct headers *headers = arena_zalloc(a, sizeof(*headers));
	headers->set = field_rules_compile(&s->set, params, a, &headers->set_count);
	headers->add = field_rules_compile(&s->add, params, a, &headers->add_count);
	headers->remove = arena_alloc(a, (s->remove.count + 1) * sizeof(*headers->remove));
	for (size_t i = 0; i < s->remove.count; i++)
		headers->remove[headers->remove_count++] = slice_str(s->remove.list[i]);
	return headers;
}

static void set_field(struct request *r, const struct field_rule *rule)
{
	struct slice value = field_rule_value(rule, r);
	response_remove(r, rule->name);
	if (value.len)
		response_add_static(r, rule->id, rule->name, value);
}

static void add_field(struct request *r, const struct field_rule *rule)
{
	struct slice value = field_rule_value(rule, r), member;
	if (slice_eq_ci(rule->name, SLICE("Vary")))
		while (field_list_next(&value, &member))
			response_vary(r, member);
	else if (value.len)
		response_add_static(r, rule->id, rule->name, value);
}

static void head(struct request *r, void *state)
{
	const struct headers *headers = state;
	for (unsigned i = 0; i < headers->remove_count; i++)
		response_remove(r, headers->remove[i]);
	for (unsigned i = 0; i < headers->set_count; i++)
		set_field(r, &headers->set[i]);
	for (unsigned i = 0; i < headers->add_count; i++)
		add_field(r, &headers->add[i]);
}

static size_t put_name(char *text, size_t len, size_t room, struct slice name)
{
	if (len < room)
		len += (size_t)snprintf(text + len, room - len, " " SLICE_FMT, SLICE_ARG(name));
	return len;
}

static size_t put_word(char *text, size_t len, size_t room, const char *word)
{
	if (len < room)
		len += (size_t)snprintf(text + len, room - len, "%s%s", len ? "; " : "", word);
	return len;
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct headers *headers = state;
	size_t len = 0;
	(void)r;
	if (headers->remove_count)
		len = put_word(text_out, len, room, "removes");
	for (unsigned i = 0; i < headers->remove_count; i++)
		len = put_name(text_out, len, room, headers->remove[i]);
	if (headers->set_count)
		len = put_word(text_out, len, room, "sets");
	for (unsigned i = 0; i < headers->set_count; i++)
		len = put_name(text_out, len, room, headers->set[i].name);
	if (headers->add_count)
		len = put_word(text_out, len, room, "adds");
	for (unsigned i = 0; i < headers->add_count; i++)
		len = put_name(text_out, len, room, headers->add[i].name);
	return STEP_NEXT;
}

static const struct key_group *const groups[] = { &headers_group, NULL };

const struct middleware headers_middleware = {
	.name = "headers",
	.groups = groups,
	.check = check,
	.prepare = prepare,
	.head = head,
	.explain = explain,
};
