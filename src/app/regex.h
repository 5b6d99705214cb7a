/*
 * regex.h - regular expressions of routes, by PCRE2 where configure found it.
 *
 * Expressions are the operator's, what they are matched against is the peer's: so a match has
 * bounds, and "could not be decided" is an answer of its own, which is not to be taken for no.
 */
#ifndef APP_REGEX_H
#define APP_REGEX_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>

enum match { MATCH_NO, MATCH_YES, MATCH_UNDECIDED };

enum {
	REGEX_GROUPS_MAX = 15, /* ${1} to ${15}: as many parameters as a route may have */
	REGEX_WHY = 256,
};

struct regex;

struct regex_name { /* of a group that has one: (?<name>...) */
	struct slice name;
	unsigned group;
};

/* Name and version: "PCRE2 10.42"; NULL where it is not built in. */
const char *regex_library(void);

/* ERR_SYNTAX with what is wrong, and where. The expression's memory is its own: regex_free. */
MUST_CHECK int regex_compile(
    struct slice text, struct arena *a, struct regex **out, char why_out[REGEX_WHY]);
void regex_free(struct regex **x);

unsigned regex_group_count(const struct regex *x);
/* Borrowed: they live as long as the arena. */
const struct regex_name *regex_names(const struct regex *x, unsigned *count_out);

/* With MATCH_YES groups_out[1] to [group count] are parts of `subject`, those that took no part
 * empty. */
enum match regex_match(
    const struct regex *x, struct slice subject, struct slice groups_out[REGEX_GROUPS_MAX + 1]);

#endif
