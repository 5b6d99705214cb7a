/*
 * compress.c - which answers are compressed while they pass, and what becomes of their fields.
 *
 * Decided from the head alone, so that HEAD says what GET would. Not for content that has chosen
 * its form already: files (they keep their own variants), parts, content that is encoded, signed,
 * or not to be changed. Its settings are those of files: app/compress.h.
 */
#include "middleware/compress.h"

#include "app/compress.h"
#include "http/encoded.h"
#include "http/status.h"

#include <inttypes.h>
#include <stdio.h>

static void *prepare(const struct config_scope *route, struct arena *a)
{
	struct compress *c = arena_alloc(a, sizeof(*c));
	compress_of(route, c);
	return c->enabled && c->codings ? c : NULL;
}

static bool has(const struct fields *f, enum field_id id)
{
	return f->present & 1u << id;
}

/* Fields that hold for the very bytes: they would be wrong of others (RFC 9530, RFC 1864). */
static bool is_sealed(const struct fields *f)
{
	static const char *const seals[] = { "Content-Digest", "Repr-Digest", "Digest",
		"Content-MD5" };
	for (size_t i = 0; i < sizeof(seals) / sizeof(*seals); i++)
		if (fields_get_name(f, slice_str(seals[i])).ptr)
			return true;
	return false;
}

static bool is_large_enough(const struct compress *c, const struct response *response)
{
	uint64_t length =
	    response->source ? (uint64_t)response->length : (uint64_t)response->body.len;
	/* To HEAD a handler may have told the length alone. */
	if (!response->source && response->body.len == 0 && response->length > 0)
		length = (uint64_t)response->length;
	return response->length < 0 || (length > 0 && length >= c->min_size);
}

static bool is_fit(const struct compress *c, const struct response *response)
{
	const struct fields *f = &response->fields;
	struct slice type = fields_get(f, FIELD_CONTENT_TYPE);
	return status_has_content(response->status) && response->status != 206 &&
	       !response->block && type.ptr && is_large_enough(c, response) &&
	       !has(f, FIELD_CONTENT_ENCODING) && !has(f, FIELD_CONTENT_RANGE) &&
	       !fields_has_token(f, FIELD_CACHE_CONTROL, SLICE("no-transform")) && !is_sealed(f) &&
	       compress_suits(c, type);
}

static enum coding choose(const struct compress *c, struct request *r)
{
	if (fields_has_token(&r->fields, FIELD_CACHE_CONTROL, SLICE("no-transform")))
		return CODING_IDENTITY;
	struct slice accept = fields_join(&r->fields, FIELD_ACCEPT_ENCODING, &r->arena);
	return coding_choose(accept, c->codings, coding_order_cheap);
}

static struct field *find_etag(const struct fields *f)
{
	for (unsigned i = 0; i < f->count; i++)
		if (slice_eq_ci(f->list[i].name, SLICE("ETag")))
			return &f->list[i];
	return NULL;
}

static bool is_strong(struct slice etag)
{
	return !slice_starts(etag, SLICE("W/"));
}

/* The same content in other bytes: what a strong tag promises does not hold (section 8.8.1). */
static void weaken(struct request *r, struct field *etag)
{
	if (etag && is_strong(etag->value))
		etag->value =
		    slice_str(arena_printf(&r->arena, "W/" SLICE_FMT, SLICE_ARG(etag->value)));
}

/* The client asked about a copy that was compressed here. A 304 has to name that one: with the
 * strong tag it would update none that a cache has (RFC 9111 section 4.3.4). */
static void mend_unchanged(struct request *r)
{
	struct field *etag = find_etag(&r->response.fields);
	struct slice held = fields_join(&r->fields, FIELD_IF_NONE_MATCH, &r->arena);
	if (!etag || !is_strong(etag->value))
		return;
	for (struct slice member; field_list_next(&held, &member);) {
		if (is_strong(member) || !slice_eq(slice_tail(member, 2), etag->value))
			continue;
		weaken(r, etag);
		response_vary(r, SLICE("Accept-Encoding"));
		return;
	}
}

static void head(struct request *r, void *state)
{
	const struct compress *c = state;
	struct response *response = &r->response;
	if (response->status == 304)
		mend_unchanged(r);
	if (!is_fit(c, response))
		return;
	response_vary(r, SLICE("Accept-Encoding"));
	enum coding coding = choose(c, r);
	if (coding == CODING_IDENTITY ||
	    encoded_start(r, coding, compress_level_passing(coding, c->level), app_worker.loop) < 0)
		return;
	response_add_static(
	    r, FIELD_CONTENT_ENCODING, SLICE("Content-Encoding"), coding_name(coding));
	weaken(r, find_etag(&response->fields));
	/* Parts would be parts of the content as it was. */
	fields_remove_name(&response->fields, SLICE("Accept-Ranges"));
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct compress *c = state;
	size_t len;
	if (choose(c, r) == CODING_IDENTITY) {
		snprintf(text_out, room, "nothing: the client takes no coding that is made");
		return STEP_NEXT;
	}
	len = (size_t)snprintf(text_out, room, "from %" PRIu64 " bytes on", c->min_size);
	for (size_t i = 0; i < c->types.count && len < room; i++)
		len += (size_t)snprintf(
		    text_out + len, room - len, "%s%s", i ? ", " : ": ", c->types.list[i]);
	return STEP_NEXT;
}

static const struct key_group *const groups[] = { &compress_group, NULL };

const struct middleware compress_middleware = {
	.name = "compress",
	.groups = groups,
	.prepare = prepare,
	.head = head,
	.explain = explain,
};
