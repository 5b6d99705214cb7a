/*
 * fields.h - header and trailer fields (RFC 9110 section 5).
 *
 * The names that the server itself reads are known by number, so that nobody compares text on the
 * path of a request. Slices are borrowed from the request's memory.
 */
#ifndef HTTP_FIELDS_H
#define HTTP_FIELDS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum field_id {
	FIELD_OTHER,
	FIELD_ACCEPT,
	FIELD_ACCEPT_ENCODING,
	FIELD_AUTHORIZATION,
	FIELD_CACHE_CONTROL,
	FIELD_CONNECTION,
	FIELD_CONTENT_ENCODING,
	FIELD_CONTENT_LENGTH,
	FIELD_CONTENT_RANGE,
	FIELD_CONTENT_TYPE,
	FIELD_COOKIE,
	FIELD_DATE,
	FIELD_EXPECT,
	FIELD_HOST,
	FIELD_IF_MATCH,
	FIELD_IF_MODIFIED_SINCE,
	FIELD_IF_NONE_MATCH,
	FIELD_IF_RANGE,
	FIELD_IF_UNMODIFIED_SINCE,
	FIELD_KEEP_ALIVE,
	FIELD_ORIGIN,
	FIELD_RANGE,
	FIELD_REFERER,
	FIELD_SERVER,
	FIELD_TE,
	FIELD_TRAILER,
	FIELD_TRANSFER_ENCODING,
	FIELD_UPGRADE,
	FIELD_USER_AGENT,
	FIELD_X_FORWARDED_FOR,
	FIELD_X_REQUEST_ID,
	FIELD_COUNT,
};

struct field {
	struct slice name;
	struct slice value; /* without surrounding OWS */
	enum field_id id;
};

struct fields {
	struct field *list;
	unsigned count;
	unsigned cap;
	uint32_t present; /* bit FIELD_x: there is at least one of it; set by fields_add */
};

enum field_id field_find_id(struct slice name); /* case folded */

void fields_add(
    struct fields *f, struct arena *a, enum field_id id, struct slice name, struct slice value);
/* The first one's value, or the empty slice with ptr NULL. */
struct slice fields_get(const struct fields *f, enum field_id id);
struct slice fields_get_name(const struct fields *f, struct slice name);
unsigned fields_count(const struct fields *f, enum field_id id);
/* All values of a list-based field joined with ", " in the arena (no copy if there is just one). */
struct slice fields_join(const struct fields *f, enum field_id id, struct arena *a);
/* Whether a list-based field has this member (case folded, parameters ignored): Connection: close.
 */
bool fields_has_token(const struct fields *f, enum field_id id, struct slice token);
void fields_remove_name(struct fields *f, struct slice name);

/* RFC 9110 section 5.6.2 and 5.5. */
bool field_name_valid(struct slice name);
bool field_value_valid(struct slice value);

/* Iterates over the members of a comma-separated list with quoted strings (RFC 9110 section 5.6.1):
 * false at its end; empty members are skipped. */
bool field_list_next(struct slice *rest, struct slice *member_out);

#endif
