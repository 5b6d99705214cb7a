/*
 * check.c - one meaning for a request, or none.
 *
 * Framing comes first: a message whose length two readers could see differently is refused before
 * anything else in it is believed.
 */
#include "http1/check.h"

#include "http/target.h"

static const struct http_fault fine = { 0 };

static struct http_fault bad(const char *reason)
{
	return (struct http_fault){ 400, reason };
}

static bool is_registered_coding(struct slice name)
{
	static const struct slice codings[] = {
		{ "gzip", 4 },
		{ "x-gzip", 6 },
		{ "deflate", 7 },
		{ "compress", 8 },
		{ "x-compress", 10 },
	};

	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		if (slice_eq_ci(name, codings[i]))
			return true;
	return false;
}

/* Not "chunked" alone: says what is wrong with it. Any member that we do not know makes it 501,
 * unless `chunked` is in the wrong place anyway. */
static struct http_fault coding_fault(const struct request *r)
{
	struct slice rest = fields_get(&r->fields, FIELD_TRANSFER_ENCODING), member = SLICE_NONE;
	unsigned chunked = 0, registered = 0, members = 0;
	bool last = false;

	while (field_list_next(&rest, &member)) {
		last = slice_eq_ci(member, SLICE("chunked"));
		chunked += last;
		registered += is_registered_coding(member);
		members++;
	}
	if (members == 0)
		return bad("empty Transfer-Encoding (RFC 9112 6.1)");
	if (chunked > 1)
		return bad("chunked more than once (RFC 9112 6.1)");
	if (chunked && !last)
		return bad("chunked is not the final coding (RFC 9112 6.3)");
	if (!chunked && registered == members)
		return bad("the final coding is not chunked (RFC 9112 6.3)");
	if (members == 1 && chunked)
		return bad("malformed Transfer-Encoding (RFC 9112 6.1)");
	return (struct http_fault){ 501, "transfer coding not implemented (RFC 9112 6.1)" };
}

static struct http_fault check_chunked(struct request *r)
{
	const struct fields *f = &r->fields;

	if (r->version == HTTP_1_0)
		return bad("Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)");
	if (f->present & UINT32_C(1) << FIELD_CONTENT_LENGTH)
		return bad("Transfer-Encoding and Content-Length (RFC 9112 6.1)");
	if (fields_count(f, FIELD_TRANSFER_ENCODING) > 1)
		return bad("Transfer-Encoding more than once (RFC 9112 6.1)");
	r->content_length = -1;
	if (!slice_eq_ci(fields_get(f, FIELD_TRANSFER_ENCODING), SLICE("chunked")))
		return coding_fault(r);
	return fine;
}

/* A list of equal values, which RFC 9112 section 6.3 lets us refuse, is refused. */
static struct http_fault check_length(struct request *r)
{
	if (fields_count(&r->fields, FIELD_CONTENT_LENGTH) > 1)
		return bad("Content-Length more than once (RFC 9112 6.3)");
	return http_check_length(r);
}

static struct http_fault check_framing(struct request *r)
{
	r->content_length = 0;
	if (r->fields.present & UINT32_C(1) << FIELD_TRANSFER_ENCODING)
		return check_chunked(r);
	if (r->fields.present & UINT32_C(1) << FIELD_CONTENT_LENGTH)
		return check_length(r);
	return fine;
}

static struct http_fault check_host(struct request *r)
{
	unsigned count = fields_count(&r->fields, FIELD_HOST);

	if (count > 1)
		return bad("Host more than once (RFC 9112 3.2)");
	if (count == 0)
		return r->version == HTTP_1_0 ? fine : bad("no Host field (RFC 9112 3.2)");
	if (host_parse(fields_get(&r->fields, FIELD_HOST), &r->arena, &r->host, &r->port) != OK)
		return bad("malformed Host (RFC 9112 3.2)");
	return fine;
}

/* An absolute target's authority takes the place of Host: RFC 9112 section 3.2.2. */
static struct http_fault check_target(struct request *r)
{
	struct target target;
	const char *reason = NULL;

	if (target_parse(r->target, r->method, &r->arena, &target, &reason) != OK)
		return bad(reason);
	if (target.authority.ptr &&
	    host_parse(target.authority, &r->arena, &r->host, &r->port) != OK)
		return bad("malformed authority in request target (RFC 9110 4.2.1)");
	r->path = target.path;
	r->query = target.query;
	return fine;
}

static bool wants_to_keep(const struct request *r)
{
	if (fields_has_token(&r->fields, FIELD_CONNECTION, SLICE("close")))
		return false;
	return r->version != HTTP_1_0 ||
	       fields_has_token(&r->fields, FIELD_CONNECTION, SLICE("keep-alive"));
}

struct http_fault h1_check(struct request *r, bool *keep_out)
{
	struct http_fault fault = check_framing(r);

	*keep_out = false;
	if (!fault.status)
		fault = check_host(r);
	if (!fault.status)
		fault = http_check_method(r);
	if (!fault.status)
		fault = check_target(r);
	if (!fault.status)
		fault = http_check_expect(r);
	if (!fault.status)
		*keep_out = wants_to_keep(r);
	return fault;
}
