/*
 * target.c - one canonical path for every reader of a request (RFC 9112 section 3.2, RFC 3986
 * sections 3 and 6.2.2).
 *
 * Strict where two readers could differ: no encoded slash or NUL, no backslash, no fragment,
 * nothing above the root. A little wider than the grammar of RFC 3986 where nobody can: browsers
 * leave [ ] | ^ in a path and { } ` \ too in a query as they are typed (the URL standard's
 * percent-encode sets), and a file named "photo[1].jpg" is common.
 */
#include "http/target.h"

#include "http/chars.h"

static const char bad_form[] = "request target is not of a known form (RFC 9112 3.2)";
static const char bad_byte[] = "byte in request target that must be percent-encoded (RFC 3986 2)";
static const char bad_escape[] = "malformed percent-encoding in request target (RFC 3986 2.1)";
static const char bad_slash[] = "encoded slash in path (RFC 3986 2.2)";
static const char bad_nul[] = "encoded NUL in path (RFC 3986 7.3)";
static const char above_root[] = "path climbs above the root (RFC 3986 5.2.4)";
static const char bad_fragment[] = "fragment in request target (RFC 9112 3.2)";
static const char bad_userinfo[] = "user information in request target (RFC 9110 4.2.4)";
static const char bad_authority[] = "no host in absolute request target (RFC 9110 4.2.1)";

/* Whether a dot segment begins at s: "." or ".." up to a slash, the query or the end. */
static bool is_dot_segment(struct slice s)
{
	size_t dots = 0;

	while (dots < s.len && dots < 3 && s.ptr[dots] == '.')
		dots++;
	return dots > 0 && dots < 3 && (dots == s.len || s.ptr[dots] == '/' || s.ptr[dots] == '?');
}

/* The bytes of the path from its start up to the first that asks for work: "?", "%", a double
 * slash, a dot segment, a bad byte. */
static size_t canonical_len(struct slice text)
{
	size_t i = 0;

	while (i < text.len && char_is(text.ptr[i], CHAR_PATH)) {
		if (text.ptr[i] == '/' && i + 1 < text.len &&
		    (text.ptr[i + 1] == '/' || is_dot_segment(slice_tail(text, i + 1))))
			break;
		i++;
	}
	return i;
}

/* One byte of the path, decoded, into *c_out; returns how many it took, or 0 with the reason. */
static size_t decode_byte(struct slice s, char *c_out, const char **reason_out)
{
	if (s.ptr[0] != '%') {
		*c_out = s.ptr[0];
		if (char_is(s.ptr[0], CHAR_PATH))
			return 1;
		*reason_out = s.ptr[0] == '#' ? bad_fragment : bad_byte;
		return 0;
	}
	int high = s.len >= 3 ? char_hex(s.ptr[1]) : -1;
	int low = s.len >= 3 ? char_hex(s.ptr[2]) : -1;
	if (high < 0 || low < 0) {
		*reason_out = bad_escape;
		return 0;
	}
	*c_out = (char)(high << 4 | low);
	if (*c_out != '/' && *c_out != '\0')
		return 3;
	*reason_out = *c_out ? bad_slash : bad_nul;
	return 0;
}

/* Ends the segment that begins at out[*start]: drops an empty one and ".", takes ".." back by one.
 */
static bool end_segment(char *out, size_t *start, size_t *len)
{
	struct slice segment = slice_of(out + *start, *len - *start);

	if (segment.len == 0 || slice_eq(segment, SLICE("."))) {
		*len = *start;
	} else if (slice_eq(segment, SLICE(".."))) {
		if (*start == 1)
			return false;
		*start -= 1;
		while (out[*start - 1] != '/')
			*start -= 1;
		*len = *start;
	} else {
		return true;
	}
	return true;
}

/*
 * Decodes and resolves in one walk, writing over no more than is read. `out` always holds "/" and
 * whole segments with their slash, up to `start`; then the segment at hand.
 */
static int resolve(struct slice raw, char *out, struct slice *path_out, const char **reason_out)
{
	size_t start = 1, len = 1, took;

	out[0] = '/';
	for (size_t i = 1; i < raw.len; i += took) {
		bool slash = raw.ptr[i] == '/';
		took = decode_byte(slice_tail(raw, i), &out[len], reason_out);
		if (took == 0)
			return ERR_SYNTAX;
		if (!slash) {
			len++;
			continue;
		}
		if (!end_segment(out, &start, &len)) {
			*reason_out = above_root;
			return ERR_SYNTAX;
		}
		if (len > start) {
			out[len++] = '/';
			start = len;
		}
	}
	if (!end_segment(out, &start, &len)) {
		*reason_out = above_root;
		return ERR_SYNTAX;
	}
	*path_out = slice_of(out, len);
	return OK;
}

static int check_query(struct slice query, const char **reason_out)
{
	for (size_t i = 0; i < query.len; i++) {
		char c = query.ptr[i];
		if (char_is(c, CHAR_QUERY))
			continue;
		if (c != '%') {
			*reason_out = c == '#' ? bad_fragment : bad_byte;
			return ERR_SYNTAX;
		}
		if (query.len - i < 3 || char_hex(query.ptr[i + 1]) < 0 ||
		    char_hex(query.ptr[i + 2]) < 0) {
			*reason_out = bad_escape;
			return ERR_SYNTAX;
		}
		i += 2;
	}
	return OK;
}

/* text begins with "/" */
static int parse_origin(
    struct slice text, struct arena *a, struct target *out, const char **reason_out)
{
	size_t clean = canonical_len(text);
	struct slice raw = slice_head(text, clean);

	if (clean < text.len && text.ptr[clean] != '?') {
		ptrdiff_t mark = slice_find(text, '?');
		raw = mark < 0 ? text : slice_head(text, (size_t)mark);
		if (resolve(raw, arena_bytes(a, raw.len + 1), &out->path, reason_out) != OK)
			return ERR_SYNTAX;
	} else {
		out->path = raw;
	}
	if (raw.len == text.len)
		return OK;
	out->query = slice_tail(text, raw.len + 1);
	return check_query(out->query, reason_out);
}

/* Takes "http://" or "https://" off; false for anything else. */
static bool take_scheme(struct slice *text, bool *secure_out)
{
	static const struct slice schemes[] = { { "http://", 7 }, { "https://", 8 } };

	for (unsigned i = 0; i < 2; i++) {
		if (!slice_eq_ci(slice_head(*text, schemes[i].len), schemes[i]))
			continue;
		*text = slice_tail(*text, schemes[i].len);
		*secure_out = i == 1;
		return true;
	}
	return false;
}

/* A query right behind the authority has the path "/" before it, which is not in the text. */
static int parse_after_authority(
    struct slice rest, struct arena *a, struct target *out, const char **reason_out)
{
	if (rest.len > 0 && rest.ptr[0] == '/')
		return parse_origin(rest, a, out, reason_out);
	out->path = SLICE("/");
	if (rest.len == 0)
		return OK;
	if (rest.ptr[0] == '#') {
		*reason_out = bad_fragment;
		return ERR_SYNTAX;
	}
	out->query = slice_tail(rest, 1);
	return check_query(out->query, reason_out);
}

static int parse_absolute(
    struct slice text, struct arena *a, struct target *out, const char **reason_out)
{
	if (!take_scheme(&text, &out->secure)) {
		*reason_out = bad_form;
		return ERR_SYNTAX;
	}
	size_t len = 0;
	while (len < text.len && !memchr("/?#", text.ptr[len], 3))
		len++;
	out->authority = slice_head(text, len);
	*reason_out = bad_userinfo;
	if (slice_find(out->authority, '@') >= 0)
		return ERR_SYNTAX;
	*reason_out = bad_authority;
	if (len == 0)
		return ERR_SYNTAX;
	return parse_after_authority(slice_tail(text, len), a, out, reason_out);
}

int target_parse(struct slice text, enum http_method method, struct arena *a, struct target *out,
    const char **reason_out)
{
	int rc;

	*out = (struct target){ 0 };
	if (text.len > 0 && text.ptr[0] == '/')
		return parse_origin(text, a, out, reason_out);
	if (method == METHOD_OPTIONS && slice_eq(text, SLICE("*"))) {
		out->path = text;
		return OK;
	}
	rc = parse_absolute(text, a, out, reason_out);
	/* RFC 9112 section 3.2.4: the absolute form of "OPTIONS *" has neither path nor query. */
	if (rc == OK && method == METHOD_OPTIONS &&
	    out->authority.ptr + out->authority.len == text.ptr + text.len)
		out->path = SLICE("*");
	return rc;
}

struct slice target_encode(struct slice path, struct arena *a)
{
	static const char digits[] = "0123456789ABCDEF";
	char *text = arena_bytes(a, path.len * 3 + 1);
	size_t len = 0;

	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		if (char_is(path.ptr[i], CHAR_URI_SAFE)) {
			text[len++] = path.ptr[i];
			continue;
		}
		text[len++] = '%';
		text[len++] = digits[c >> 4];
		text[len++] = digits[c & 15];
	}
	return slice_of(text, len);
}
