/*
 * fields.c - the fields of a request as they are decoded, and what they mean together (RFC 9113
 * section 8.3).
 *
 * The library has refused what no request may have: unknown, doubled, missing or late pseudo-header
 * fields, upper case, fields of a connection, forbidden bytes. Here: the limits, and the same
 * questions as of HTTP/1.
 */
#include "http2/stream.h"

#include "http/target.h"

enum { METHOD_MAX = 32 }; /* the longest registered one has 17 bytes */

static const struct http_fault fine = { 0 };

static const struct http_fault long_fields = { 431, "fields are too large (RFC 6585 5)" };
static const struct http_fault many_fields = { 431, "too many fields (RFC 6585 5)" };
static const struct http_fault long_target = { 414,
	"request target is too long (RFC 9110 15.5.15)" };
static const struct http_fault long_method = { 501, "method is too long (RFC 9110 9.1)" };

static struct http_fault bad(const char *reason)
{
	return (struct http_fault){ 400, reason };
}

static void take_path(struct h2_stream *x, struct slice value, uint32_t max)
{
	x->request.target = arena_dup(&x->request.arena, slice_head(value, max));
	if (value.len > max)
		x->fault = long_target;
}

static void take_method(struct h2_stream *x, struct slice value)
{
	struct request *r = &x->request;

	r->method = method_find(value);
	if (r->method == METHOD_OTHER)
		r->method_name = arena_dup(&r->arena, slice_head(value, METHOD_MAX));
	else
		r->method_name = slice_str(method_name(r->method));
	if (value.len > METHOD_MAX)
		x->fault = long_method;
}

/* A proxy in front may take TLS off, so either will do; nothing depends on it. */
static void take_scheme(struct h2_stream *x, struct slice value)
{
	if (!slice_eq_ci(value, SLICE("https")) && !slice_eq_ci(value, SLICE("http")))
		x->fault = bad("unknown :scheme (RFC 9110 4.2)");
}

static bool is_over_size(struct h2_stream *x, struct slice name, struct slice value)
{
	x->head_size += (uint32_t)(name.len + value.len + H2_FIELD_COST);
	if (x->head_size > x->h2->server->limits.header_size)
		x->fault = long_fields;
	return x->fault.status;
}

static void take_pseudo(struct h2_stream *x, struct slice name, struct slice value)
{
	if (slice_eq(name, SLICE(":path")))
		take_path(x, value, x->h2->server->limits.uri);
	else if (slice_eq(name, SLICE(":method")))
		take_method(x, value);
	else if (is_over_size(x, name, value))
		return;
	else if (slice_eq(name, SLICE(":authority")))
		x->authority = arena_dup(&x->request.arena, value);
	else
		take_scheme(x, value);
}

static void add(struct h2_stream *x, struct fields *to, struct slice name, struct slice value)
{
	struct arena *a = &x->request.arena;
	char *text = arena_bytes(a, name.len + value.len);

	memcpy(text, name.ptr, name.len);
	if (value.len > 0)
		memcpy(text + name.len, value.ptr, value.len);
	fields_add(to, a, field_find_id(name), slice_of(text, name.len),
	    slice_of(text + name.len, value.len));
}

/* What is over a limit is decoded and forgotten: the answer will be the fault's. */
void h2_field_in(struct h2_stream *x, struct slice name, struct slice value)
{
	struct fields *fields = &x->request.fields;

	if (x->fault.status)
		return;
	if (name.ptr[0] == ':') {
		take_pseudo(x, name, value);
		return;
	}
	if (is_over_size(x, name, value))
		return;
	if (fields->count == x->h2->server->limits.headers)
		x->fault = many_fields;
	else
		add(x, fields, name, value);
}

/* Fields that frame or route a message have no business behind it (RFC 9110 section 6.5.1). Those
 * of a connection the library has refused. */
static bool is_forbidden(enum field_id id)
{
	const uint32_t forbidden = UINT32_C(1) << FIELD_CONTENT_LENGTH | UINT32_C(1) << FIELD_HOST |
				   UINT32_C(1) << FIELD_TRAILER;

	return forbidden >> id & 1;
}

void h2_trailer_in(struct h2_stream *x, struct slice name, struct slice value)
{
	const struct http_limits *limits = &x->h2->server->limits;
	struct fields *trailers = &x->request.trailers;

	/* They count together with the fields before the content. */
	if (is_over_size(x, name, value) || trailers->count == limits->headers ||
	    is_forbidden(field_find_id(name)))
		h2_stream_reset(x, NGHTTP2_PROTOCOL_ERROR);
	else
		add(x, trailers, name, value);
}

/* Section 8.2.3: a client may cut a Cookie at its semicolons; to everybody else it is one. */
static void join_cookies(struct request *r)
{
	struct fields *f = &r->fields;
	size_t len = 0, at = 0;
	unsigned kept = 0;
	struct field *first = NULL;

	if (fields_count(f, FIELD_COOKIE) < 2)
		return;
	for (unsigned i = 0; i < f->count; i++)
		if (f->list[i].id == FIELD_COOKIE)
			len += f->list[i].value.len + 2;
	char *text = arena_bytes(&r->arena, len);
	for (unsigned i = 0; i < f->count; i++) {
		const struct field crumb = f->list[i];
		if (crumb.id != FIELD_COOKIE || !first)
			f->list[kept++] = crumb;
		if (crumb.id != FIELD_COOKIE)
			continue;
		if (first)
			memcpy(text + at, "; ", 2), at += 2;
		else
			first = &f->list[kept - 1];
		memcpy(text + at, crumb.value.ptr, crumb.value.len);
		at += crumb.value.len;
	}
	f->count = kept;
	first->value = slice_of(text, at);
}

static struct http_fault check_host_field(struct request *r, bool authority)
{
	struct slice host;
	unsigned port;

	if (host_parse(fields_get(&r->fields, FIELD_HOST), &r->arena, &host, &port) != OK)
		return bad("malformed Host (RFC 9110 7.2)");
	if (!authority) {
		r->host = host;
		r->port = port;
		return fine;
	}
	if (!slice_eq(host, r->host) || port != r->port)
		return bad("Host is not :authority (RFC 9113 8.3.1)");
	return fine;
}

/* :authority or Host; whoever looks at the fields finds Host in any case, as behind an HTTP/1
 * client. */
static struct http_fault check_host(struct h2_stream *x)
{
	struct request *r = &x->request;
	bool authority = x->authority.ptr;

	if (authority && host_parse(x->authority, &r->arena, &r->host, &r->port) != OK)
		return bad("malformed :authority (RFC 9113 8.3.1)");
	if (r->fields.present & UINT32_C(1) << FIELD_HOST)
		return check_host_field(r, authority);
	fields_add(&r->fields, &r->arena, FIELD_HOST, SLICE("host"), x->authority);
	return fine;
}

static struct http_fault check_target(struct request *r)
{
	struct target target;
	const char *reason = NULL;

	if (target_parse(r->target, r->method, &r->arena, &target, &reason) != OK)
		return bad(reason);
	if (target.authority.ptr)
		return bad("absolute form in :path (RFC 9113 8.3.1)");
	r->path = target.path;
	r->query = target.query;
	return fine;
}

/* The library has seen to it that there is one Content-Length at most, of digits alone, and that it
 * is kept. */
static struct http_fault check_length(struct request *r)
{
	if (r->content_length == 0 || !(r->fields.present & UINT32_C(1) << FIELD_CONTENT_LENGTH))
		return fine;
	return http_check_length(r);
}

struct http_fault h2_check(struct h2_stream *x)
{
	struct request *r = &x->request;
	struct http_fault fault = x->fault;

	if (!fault.status)
		fault = check_length(r);
	if (!fault.status)
		fault = check_host(x);
	if (!fault.status)
		fault = http_check_method(r);
	if (!fault.status)
		fault = check_target(r);
	if (!fault.status)
		fault = http_check_expect(r);
	if (!fault.status)
		join_cookies(r);
	return fault;
}
