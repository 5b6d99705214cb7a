/*
 * field_rule.h - "Name: value" lines of the configuration that become fields of answers. The value
 * is a template.
 */
#ifndef APP_FIELD_RULE_H
#define APP_FIELD_RULE_H

#include "app/template.h"
#include "config/report.h"
#include "config/snapshot.h"

struct field_rule {
	struct slice name;
	enum field_id id;
	struct slice text;            /* the value, if it is the same for all */
	const struct template *value; /* else */
};

/* `params` as in template.h. ERR_SYNTAX with a static text that says what is wrong. */
MUST_CHECK int field_rule_compile(const char *line, const char *const *params, struct arena *a,
    struct field_rule *out, const char **reason_out);

/* All lines of a key. Those that are not sound are left out: see field_rules_check. */
struct field_rule *field_rules_compile(const struct config_strings *lines,
    const char *const *params, struct arena *a, unsigned *count_out);

/* Says in the report what is wrong with them; `key` is the name in full, "headers.set". */
void field_rules_check(const struct config_strings *lines, const struct config_scope *scope,
    struct config_place place, const char *key, struct config_report *report);

/* For this request, in its arena, without CR, LF, NUL or space around. Empty: there is nothing to
 * send. */
struct slice field_rule_value(const struct field_rule *rule, struct request *r);

/* Why this field is not the configuration's to touch (static text); NULL if it is. */
const char *field_rule_reserved(struct slice name);

#endif
