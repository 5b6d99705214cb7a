/*
 * chunked.c - a state a byte for the framing, which is short; nothing a byte for the data.
 *
 *	chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 *	chunk-size     = 1*HEXDIG
 *	chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
 *	chunk-ext-val  = token / quoted-string
 *	last-chunk     = 1*("0") [ chunk-ext ] CRLF
 *
 * Extensions are checked and ignored. Line ends are CRLF and nothing else: a bare LF that one
 *reader takes and another does not is how a request hides in the content of another.
 */
#include "http1/chunked.h"

#include "http/chars.h"
#include "http1/parse.h"

enum state {
	SIZE,       /* the first digit, or more of them */
	SIZE_SPACE, /* BWS that must lead to ";" */
	NAME_START, /* behind ";" */
	NAME,
	NAME_SPACE, /* behind a name, before "=" or ";" */
	VALUE_START,
	VALUE,
	QUOTED,
	ESCAPED,
	QUOTED_END,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER,
	DONE,
	BAD, /* of the tables below */
};

enum { DIGITS_MAX = 16 }; /* of 64 bits; zeros in front count, so that they do not go on for ever */

void chunked_init(struct chunked *d, const struct http_limits *limits)
{
	*d = (struct chunked){ .limits = limits };
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* The next state behind a size, an extension's name or its value, where the part may end. */
static enum state after_part(char c)
{
	if (c == ';')
		return NAME_START;
	return c == '\r' ? SIZE_LF : BAD;
}

static enum state size_byte(struct chunked *d, char c)
{
	int digit = char_hex(c);

	if (digit >= 0) {
		if (++d->digits > DIGITS_MAX || d->left > (uint64_t)INT64_MAX >> 4)
			return BAD;
		d->left = d->left << 4 | (unsigned)digit;
		return SIZE;
	}
	if (d->digits == 0)
		return BAD;
	return is_space(c) ? SIZE_SPACE : after_part(c);
}

static enum state name_byte(enum state state, char c)
{
	if (state == NAME_START && is_space(c))
		return NAME_START;
	if (state != NAME_SPACE && char_is(c, CHAR_TOKEN))
		return NAME;
	if (state == NAME_START)
		return BAD;
	if (is_space(c))
		return NAME_SPACE;
	if (c == '=')
		return VALUE_START;
	return state == NAME_SPACE && c == '\r' ? BAD : after_part(c);
}

static enum state value_byte(enum state state, char c)
{
	switch (state) {
	case VALUE_START:
		if (is_space(c))
			return VALUE_START;
		return c == '"' ? QUOTED : char_is(c, CHAR_TOKEN) ? VALUE : BAD;
	case QUOTED:
		if (c == '"')
			return QUOTED_END;
		return c == '\\' ? ESCAPED : char_is(c, CHAR_VALUE) ? QUOTED : BAD;
	case ESCAPED:
		return char_is(c, CHAR_VALUE) ? QUOTED : BAD;
	case VALUE:
		if (char_is(c, CHAR_TOKEN))
			return VALUE;
		break;
	default:
		break;
	}
	return is_space(c) ? SIZE_SPACE : after_part(c);
}

/* Behind the CRLF of a size: data, or after the last chunk the trailers. */
static enum state begin_data(const struct chunked *d)
{
	return d->left ? DATA : TRAILER;
}

static enum state next_state(struct chunked *d, char c)
{
	enum state state = d->state;

	switch (state) {
	case SIZE:
		return size_byte(d, c);
	case SIZE_SPACE:
		return is_space(c) ? SIZE_SPACE : c == ';' ? NAME_START : BAD;
	case NAME_START:
	case NAME:
	case NAME_SPACE:
		return name_byte(state, c);
	case VALUE_START:
	case VALUE:
	case QUOTED:
	case ESCAPED:
	case QUOTED_END:
		return value_byte(state, c);
	case SIZE_LF:
		return c == '\n' ? begin_data(d) : BAD;
	case DATA_CR:
		return c == '\r' ? DATA_LF : BAD;
	case DATA_LF:
		d->digits = 0;
		return c == '\n' ? SIZE : BAD;
	default:
		return BAD;
	}
}

static enum chunked_result fail(struct chunked *d, const char *reason)
{
	d->reason = reason;
	d->state = BAD;
	return CHUNKED_BAD;
}

static const char *why(enum state state)
{
	switch (state) {
	case SIZE:
		return "malformed or oversize chunk size (RFC 9112 7.1)";
	case SIZE_LF:
		return "chunk size line ends without CRLF (RFC 9112 7.1)";
	case DATA_CR:
	case DATA_LF:
		return "no CRLF behind chunk data (RFC 9112 7.1)";
	default:
		return "malformed chunk extension (RFC 9112 7.1.1)";
	}
}

/* Fields that frame or route a message have no business behind it (RFC 9110 section 6.5.1). */
static bool is_forbidden(enum field_id id)
{
	const uint32_t forbidden = UINT32_C(1) << FIELD_CONTENT_LENGTH |
				   UINT32_C(1) << FIELD_TRANSFER_ENCODING |
				   UINT32_C(1) << FIELD_HOST | UINT32_C(1) << FIELD_TRAILER |
				   UINT32_C(1) << FIELD_CONNECTION;

	return forbidden >> id & 1;
}

static const char *add_trailer(
    struct slice line, const struct http_limits *limits, struct request *r)
{
	struct slice name, value;
	const char *reason = h1_parse_field(line, &name, &value);

	if (reason)
		return reason;
	enum field_id id = field_find_id(name);
	if (is_forbidden(id))
		return "framing or routing field in trailers (RFC 9110 6.5.1)";
	if (!r)
		return NULL;
	if (r->trailers.count == limits->headers)
		return "too many trailer fields (RFC 9112 7.1.2)";
	name = arena_dup(&r->arena, name);
	fields_add(&r->trailers, &r->arena, id, name, arena_dup(&r->arena, value));
	return NULL;
}

/* The lines behind the last chunk, each once it is whole, up to the empty one. */
static enum chunked_result parse_trailers(
    struct chunked *d, struct slice input, struct request *r, size_t *used)
{
	for (;;) {
		struct slice rest = slice_tail(input, *used);
		const char *from = rest.ptr + d->scanned;
		const char *lf =
		    rest.len > d->scanned ? memchr(from, '\n', rest.len - d->scanned) : NULL;
		size_t len = lf ? (size_t)(lf - rest.ptr) + 1 : rest.len;
		if (d->trailers + len > d->limits->header_size + 2)
			return fail(d, "trailers are too large (RFC 9112 7.1.2)");
		d->scanned = (uint32_t)len;
		if (!lf)
			return CHUNKED_MORE;
		if (len < 2 || lf[-1] != '\r')
			return fail(d, "bare LF as line end in trailers (RFC 9112 2.2)");
		*used += len;
		d->trailers += (uint32_t)len;
		d->scanned = 0;
		if (len == 2) {
			d->state = DONE;
			return CHUNKED_DONE;
		}
		const char *reason = add_trailer(slice_head(rest, len - 2), d->limits, r);
		if (reason)
			return fail(d, reason);
	}
}

enum chunked_result chunked_parse(
    struct chunked *d, struct slice input, struct request *r, size_t *used_out)
{
	*used_out = 0;
	while (*used_out < input.len && d->state != TRAILER && d->state != DATA) {
		enum state from = d->state;
		enum state to = next_state(d, input.ptr[*used_out]);
		if (to == BAD)
			return fail(d, why(from));
		if (to >= SIZE_SPACE && to <= QUOTED_END &&
		    ++d->extensions > CHUNKED_EXTENSIONS_MAX)
			return fail(d, "chunk extensions are too large (RFC 9112 7.1.1)");
		d->state = to;
		++*used_out;
	}
	if (d->state == TRAILER)
		return parse_trailers(d, input, r, used_out);
	return d->state == DATA ? CHUNKED_DATA : CHUNKED_MORE;
}

void chunked_take(struct chunked *d, uint64_t n)
{
	d->left -= n;
	if (d->left == 0)
		d->state = DATA_CR;
}
