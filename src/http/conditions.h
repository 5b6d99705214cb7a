/*
 * conditions.h - conditional requests (RFC 9110 section 13): does the client's copy still hold?
 */
#ifndef HTTP_CONDITIONS_H
#define HTTP_CONDITIONS_H

#include "base/slice.h"
#include "http/fields.h"
#include "http/request.h"

#include <time.h>

/* What is known of the selected representation. */
struct validators {
	struct slice etag; /* with its quotes, perhaps W/; ptr NULL: none */
	time_t modified;   /* -1: not known */
	bool exists;       /* false: there is none (a PUT that creates) */
};

enum {
	CONDITION_FIELDS = 1u << FIELD_IF_MATCH | 1u << FIELD_IF_MODIFIED_SINCE |
			   1u << FIELD_IF_NONE_MATCH | 1u << FIELD_IF_UNMODIFIED_SINCE,
};

/* Steps 1 to 4 of section 13.2.2: 0: go on; 304; 412. `now` for dates with two-digit years. */
int conditions_check(const struct request *r, const struct validators *v, time_t now);

/* Step 5: whether Range applies: there is no If-Range, or it names this very representation. */
bool conditions_range_applies(const struct request *r, const struct validators *v, time_t now);

/* Whether a list of entity tags ("*" included) has `etag`. Strong comparison: neither may be weak
 * (section 8.8.3.2). */
bool etag_list_has(struct slice list, struct slice etag, bool strong);

#endif
