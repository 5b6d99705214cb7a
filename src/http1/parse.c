/*
 * parse.c - reads a request's head line by line, in place.
 *
 * A line is looked at once its LF has come (memchr goes on where it stopped, so a head fed byte by
 * byte costs no more than one fed whole), with tables rather than a state a byte. Strict on
 * purpose: where RFC 9112 lets a recipient be lenient, two recipients may understand two messages,
 * and one of them may stand in front of us.
 */
#include "http1/parse.h"

#include "http/chars.h"

enum { VERSION_LEN = 8 }; /* "HTTP/1.1" */

static const struct http_fault fine = { 0 };

static const struct http_fault bad_line_end = { 400, "bare LF as line end (RFC 9112 2.2)" };
static const struct http_fault bad_empty = { 400, "empty lines before the request (RFC 9112 2.2)" };
static const struct http_fault bad_method = { 400, "method is not a token (RFC 9112 3.1)" };
static const struct http_fault long_method = { 501, "method is too long (RFC 9112 3)" };
static const struct http_fault bad_request = { 400, "malformed request line (RFC 9112 3)" };
static const struct http_fault old_request = { 400, "request without a version (RFC 9112 3)" };
static const struct http_fault bad_version = { 400, "malformed HTTP version (RFC 9112 2.3)" };
static const struct http_fault new_version = { 505, "HTTP version not spoken (RFC 9110 15.6.6)" };
static const struct http_fault long_target = { 414, "request target is too long (RFC 9112 3)" };
static const struct http_fault bad_target = { 400, "control byte in request line (RFC 9112 3.2)" };
static const struct http_fault long_fields = { 431, "fields are too large (RFC 6585 5)" };
static const struct http_fault many_fields = { 431, "too many fields (RFC 6585 5)" };

/* The lines around what the limits count: empty ones, "METHOD SP target SP HTTP/1.1 CRLF", and the
 * CRLF at the end. */
static size_t request_line_max(const struct http_limits *limits)
{
	return H1_METHOD_MAX + 1 + limits->uri + 1 + VERSION_LEN + 2;
}

size_t h1_head_max(const struct http_limits *limits)
{
	return 2 * H1_EMPTY_LINES + request_line_max(limits) + limits->header_size + 2;
}

void h1_parser_init(struct h1_parser *p, const struct http_limits *limits)
{
	*p = (struct h1_parser){ .limits = limits };
}

static size_t token_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && char_is(s.ptr[n], CHAR_TOKEN))
		n++;
	return n;
}

/* HTTP-version = "HTTP" "/" DIGIT "." DIGIT */
static struct http_fault parse_version(struct slice text, enum http_version *version_out)
{
	const char *p = text.ptr;

	*version_out = HTTP_1_1;
	if (slice_eq(text, SLICE("HTTP/1.1")))
		return fine;
	if (text.len != VERSION_LEN || memcmp(p, "HTTP/", 5) != 0 || p[6] != '.' || p[5] < '0' ||
	    p[5] > '9' || p[7] < '0' || p[7] > '9')
		return bad_version;
	if (p[5] != '1')
		return new_version;
	/* A higher minor version is spoken as the highest that we know: RFC 9110 section 2.5. */
	if (p[7] == '0')
		*version_out = HTTP_1_0;
	return fine;
}

/* Only what would make a log or a second parser stumble; target.c knows which bytes a target has.
 */
static bool has_control(struct slice text)
{
	return !field_value_valid(text) || slice_find(text, '\t') >= 0;
}

/* request-line = method SP request-target SP HTTP-version */
static struct http_fault parse_request_line(
    struct slice line, const struct http_limits *limits, struct request *r)
{
	size_t n = token_len(slice_head(line, H1_METHOD_MAX + 1));

	if (n > H1_METHOD_MAX)
		return long_method;
	if (n == 0 || (n < line.len && line.ptr[n] != ' '))
		return bad_method;
	r->method_name = slice_head(line, n);
	r->method = method_find(r->method_name);

	struct slice rest = slice_tail(line, n + 1);
	r->target = slice_split(&rest, ' ');
	if (r->target.len > limits->uri) {
		r->target = slice_head(r->target, limits->uri);
		return long_target;
	}
	if (has_control(r->target))
		return bad_target;
	if (r->target.len == 0)
		return bad_request;
	if (!rest.ptr)
		return old_request;
	return parse_version(rest, &r->version);
}

/* field-line = field-name ":" OWS field-value OWS, and what people make of it. */
static const char *name_fault(struct slice line, size_t name_len)
{
	if (name_len == 0 && line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
		return "line folding (RFC 9112 5.2)";
	if (name_len == 0 && line.len > 0 && line.ptr[0] == ':')
		return "empty field name (RFC 9110 5.1)";
	if (name_len < line.len && (line.ptr[name_len] == ' ' || line.ptr[name_len] == '\t'))
		return "space before the colon of a field (RFC 9112 5.1)";
	if (name_len == line.len)
		return "field line without a colon (RFC 9112 5)";
	return "forbidden byte in a field name (RFC 9110 5.1)";
}

const char *h1_parse_field(struct slice line, struct slice *name_out, struct slice *value_out)
{
	size_t n = token_len(line);

	if (n == 0 || n == line.len || line.ptr[n] != ':')
		return name_fault(line, n);
	*name_out = slice_head(line, n);
	*value_out = slice_trim(slice_tail(line, n + 1));
	if (!field_value_valid(*value_out))
		return "forbidden byte in a field value (RFC 9110 5.5)";
	return NULL;
}

static struct http_fault add_field(const struct h1_parser *p, struct slice line, struct request *r)
{
	struct slice name, value;
	const char *reason = h1_parse_field(line, &name, &value);

	if (reason)
		return (struct http_fault){ 400, reason };
	if (r->fields.count == p->limits->headers)
		return many_fields;
	fields_add(&r->fields, &r->arena, field_find_id(name), name, value);
	return fine;
}

/* A line before the fields. An empty one is skipped: p->fields_at stays 0. */
static struct http_fault first_line(
    struct h1_parser *p, struct slice line, size_t end, struct request *r)
{
	if (line.len == 0)
		return p->line >= 2 * H1_EMPTY_LINES ? bad_empty : fine;
	p->fields_at = (uint32_t)end;
	return parse_request_line(line, p->limits, r);
}

/*
 * Whether the line at hand, as far as it has come, can not become one: the first thing that is
 * asked of it, so that the answer does not depend on how the bytes were cut.
 */
static struct http_fault check_start(
    const struct h1_parser *p, struct slice line, struct request *r)
{
	size_t max = request_line_max(p->limits);

	if (p->fields_at) {
		size_t all = p->line - p->fields_at + line.len;
		return all > p->limits->header_size + 2 ? long_fields : fine;
	}
	/* Another protocol (TLS on a plain port, say) would wait for an answer that never comes. */
	if (!char_is(line.ptr[0], CHAR_TOKEN) && line.ptr[0] != '\r' && line.ptr[0] != '\n')
		return bad_method;
	/* Longer than its three parts may be together, so one of them is at fault. */
	return line.len > max ? parse_request_line(slice_head(line, max), p->limits, r) : fine;
}

static struct http_fault take_line(
    struct h1_parser *p, struct slice input, size_t end, struct request *r)
{
	size_t len = end - p->line;

	if (len < 2 || input.ptr[end - 2] != '\r')
		return bad_line_end;
	struct slice line = slice_of(input.ptr + p->line, len - 2);
	return p->fields_at ? add_field(p, line, r) : first_line(p, line, end, r);
}

static bool is_last_line(const struct h1_parser *p, struct slice input, size_t end)
{
	return p->fields_at && end - p->line == 2 && input.ptr[p->line] == '\r';
}

enum h1_parse h1_parse_head(struct h1_parser *p, struct slice input, struct request *r)
{
	while (p->scanned < input.len) {
		const char *lf = memchr(input.ptr + p->scanned, '\n', input.len - p->scanned);
		size_t end = lf ? (size_t)(lf - input.ptr) + 1 : input.len;
		p->fault = check_start(p, slice_of(input.ptr + p->line, end - p->line), r);
		bool last = lf && is_last_line(p, input, end);
		if (lf && !last && p->fault.status == 0)
			p->fault = take_line(p, input, end, r);
		if (p->fault.status)
			return H1_BAD;
		p->scanned = (uint32_t)end;
		if (lf)
			p->line = (uint32_t)end;
		if (last)
			return H1_DONE;
	}
	return H1_NEED_MORE;
}

static void move(struct slice *s, ptrdiff_t by)
{
	if (s->ptr)
		s->ptr += by;
}

void h1_rebase(struct request *r, ptrdiff_t by)
{
	move(&r->method_name, by);
	move(&r->target, by);
	for (unsigned i = 0; i < r->fields.count; i++) {
		move(&r->fields.list[i].name, by);
		move(&r->fields.list[i].value, by);
	}
}
