/*
 * conditions.c - RFC 9110 section 13.2.2, step by step. Called by handlers that know their
 * validators.
 *
 * A field that does not parse is as if it were absent, where section 13.1 says so: dates. A
 * malformed list of entity tags matches nothing, so If-Match fails (nothing is overwritten by
 * mistake) and If-None-Match sends the whole.
 */
#include "http/conditions.h"

#include "base/date.h"

/* The opaque tag without W/; *weak_out says whether that was there. ptr NULL if it is no entity
 * tag. */
static struct slice opaque_tag(struct slice tag, bool *weak_out)
{
	*weak_out = slice_starts(tag, SLICE("W/"));
	if (*weak_out)
		tag = slice_tail(tag, 2);
	if (tag.len < 2 || tag.ptr[0] != '"' || tag.ptr[tag.len - 1] != '"')
		return SLICE_NONE;
	return tag;
}

static bool etag_equal(struct slice a, struct slice b, bool strong)
{
	bool a_weak, b_weak;
	a = opaque_tag(a, &a_weak);
	b = opaque_tag(b, &b_weak);
	return a.ptr && b.ptr && slice_eq(a, b) && !(strong && (a_weak || b_weak));
}

/*
 * One entity tag off the front of a list. Not field_list_next: a backslash in an entity tag is a
 * backslash, not the beginning of a quoted pair (section 8.8.3).
 */
static bool next_etag(struct slice *rest, struct slice *etag_out)
{
	while (rest->len && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t' || rest->ptr[0] == ','))
		*rest = slice_tail(*rest, 1);
	size_t quote = slice_starts(*rest, SLICE("W/")) ? 2 : 0;
	if (quote >= rest->len || rest->ptr[quote] != '"')
		return false;
	ptrdiff_t len = slice_find(slice_tail(*rest, quote + 1), '"');
	if (len < 0)
		return false;
	size_t end = quote + 1 + (size_t)len + 1;
	*etag_out = slice_head(*rest, end);
	*rest = slice_trim(slice_tail(*rest, end));
	return rest->len == 0 || rest->ptr[0] == ',';
}

bool etag_list_has(struct slice list, struct slice etag, bool strong)
{
	struct slice one;
	if (slice_eq(slice_trim(list), SLICE("*")))
		return true;
	while (next_etag(&list, &one))
		if (etag_equal(one, etag, strong))
			return true;
	return false;
}

static bool list_matches(
    const struct request *r, enum field_id id, const struct validators *v, bool strong)
{
	for (unsigned i = 0; i < r->fields.count; i++) {
		const struct field *f = &r->fields.list[i];
		if (f->id == id && v->exists && etag_list_has(f->value, v->etag, strong))
			return true;
	}
	return false;
}

/* The date of a field; -1 when it is to be ignored: malformed, or there twice (sections 13.1.3
 * and 13.1.4). */
static time_t date_of(const struct request *r, enum field_id id, time_t now)
{
	time_t t;
	if (fields_count(&r->fields, id) != 1 ||
	    date_parse_http(fields_get(&r->fields, id), now, &t) < 0)
		return -1;
	return t;
}

static bool has(const struct request *r, enum field_id id)
{
	return r->fields.present & 1u << id;
}

int conditions_check(const struct request *r, const struct validators *v, time_t now)
{
	if (!(r->fields.present & CONDITION_FIELDS))
		return 0;
	bool reads = r->method == METHOD_GET || r->method == METHOD_HEAD;
	if (has(r, FIELD_IF_MATCH)) {
		if (!list_matches(r, FIELD_IF_MATCH, v, true))
			return 412;
	} else if (has(r, FIELD_IF_UNMODIFIED_SINCE) && v->modified >= 0) {
		time_t since = date_of(r, FIELD_IF_UNMODIFIED_SINCE, now);
		if (since >= 0 && v->modified > since)
			return 412;
	}
	if (has(r, FIELD_IF_NONE_MATCH)) {
		if (list_matches(r, FIELD_IF_NONE_MATCH, v, false))
			return reads ? 304 : 412;
	} else if (reads && has(r, FIELD_IF_MODIFIED_SINCE) && v->modified >= 0) {
		time_t since = date_of(r, FIELD_IF_MODIFIED_SINCE, now);
		if (since >= 0 && v->modified <= since)
			return 304;
	}
	return 0;
}

bool conditions_range_applies(const struct request *r, const struct validators *v, time_t now)
{
	if (!has(r, FIELD_IF_RANGE))
		return true;
	struct slice value = fields_get(&r->fields, FIELD_IF_RANGE);
	if (fields_count(&r->fields, FIELD_IF_RANGE) != 1 || !v->exists)
		return false;
	if (slice_ends(value, SLICE("\"")))
		return etag_equal(value, v->etag, true);
	/* A date is a strong validator only if the file can not have changed twice in its second
	 * (section 8.8.2.2). */
	time_t date = date_of(r, FIELD_IF_RANGE, now);
	return date >= 0 && date == v->modified && v->modified < now - 1;
}
