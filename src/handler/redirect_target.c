/*
 * redirect_target.c - see redirect_target.h. RFC 3986, RFC 9110 section 10.2.2.
 *
 * The text is cut into origin, path, query and fragment before anything is put in, so no value can
 * move from one into another; each part has the escape that fits it. What a client must not decide
 * is the origin: "//host" at the front of a path is one, too, and so is "https:/host" to browsers.
 */
#include "handler/redirect_target.h"

#include "http/chars.h"

/* Twice what clients and proxies are known to take. */
enum { URL_MAX = 16 << 10 };

enum form {
	FORM_ORIGIN,   /* https://example.org/..., //example.org/... */
	FORM_ROOTED,   /* /..., or begins with a variable */
	FORM_RELATIVE, /* what else names a place at this site: page.html, ../x, ?q */
	FORM_OPAQUE,   /* mailto:... */
};

struct redirect_target {
	enum form form;
	const struct template *origin; /* of FORM_ORIGIN */
	const struct template *path;
	const struct template *query;    /* with its "?"; NULL: none of its own */
	bool keeps_query;                /* then that of the request */
	const struct template *fragment; /* with its "#"; NULL: none */
};

/* The text while it is taken apart. */
struct parts {
	enum form form;
	struct slice origin; /* with scheme and "//" */
	struct slice host;   /* the end of it */
	struct slice path;
	struct slice query;
	struct slice fragment;
};

static int fail(const char **reason_out, const char *reason)
{
	*reason_out = reason;
	return ERR_SYNTAX;
}

static bool contains(struct slice s, struct slice part)
{
	for (; s.len >= part.len; s = slice_tail(s, 1))
		if (slice_starts(s, part))
			return true;
	return false;
}

/* Length of the variable that begins s; 0 if none does. */
static size_t variable_len(struct slice s)
{
	if (!slice_starts(s, SLICE("${")))
		return 0;
	ptrdiff_t close = slice_find(s, '}');
	return close < 0 ? s.len : (size_t)close + 1;
}

static bool escape_valid(struct slice s)
{
	return s.len >= 3 && char_hex(s.ptr[1]) >= 0 && char_hex(s.ptr[2]) >= 0;
}

static int check_bytes(struct slice text, const char **reason_out)
{
	while (text.len) {
		size_t len = variable_len(text);
		char c = text.ptr[0];
		if (len == 0 && c == '%' && !escape_valid(text))
			return fail(reason_out, "two hexadecimal digits stand behind a '%'");
		if (len == 0 && !char_is(c, CHAR_URI_SAFE) && !memchr("%?#[]", c, 5))
			return fail(reason_out,
			    "a URL has no spaces, quotes, backslashes, braces or letters beyond "
			    "ASCII (write them as %20 and the like)");
		text = slice_tail(text, len ? len : 1);
	}
	return OK;
}

/* Behind the scheme and "://", or behind "//"; 0 if the text does not begin with an origin. */
static size_t host_begin(struct slice text, size_t scheme)
{
	if (slice_starts(text, SLICE("//")))
		return 2;
	struct slice rest = slice_tail(text, scheme);
	return scheme && slice_starts(rest, SLICE("://")) ? scheme + 3 : 0;
}

/* Length of a scheme at the front, before its colon; 0 without one. */
static size_t scheme_len(struct slice text)
{
	if (slice_starts(text, SLICE("${scheme}:")))
		return strlen("${scheme}");
	size_t len = 0;
	while (len < text.len && (char_is(text.ptr[len], CHAR_HOST) || text.ptr[len] == '+'))
		len++;
	bool letter = len && (text.ptr[0] | 0x20) >= 'a' && (text.ptr[0] | 0x20) <= 'z';
	return letter && len < text.len && text.ptr[len] == ':' ? len : 0;
}

/* ${path} brings its own slash, so a host ends there as well. */
static size_t host_end(struct slice text, size_t from)
{
	while (from < text.len && text.ptr[from] != '/' &&
	       !slice_starts(slice_tail(text, from), SLICE("${path}"))) {
		size_t len = variable_len(slice_tail(text, from));
		from += len ? len : 1;
	}
	return from;
}

/* Variables whose values are this server's own, or what the client has reached it by. */
static bool trusted(struct slice variable)
{
	static const struct slice names[] = { { "${host}", 7 }, { "${port}", 7 }, { "${site}", 7 },
		{ "${local_addr}", 13 }, { "${local_port}", 13 } };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_eq(variable, names[i]))
			return true;
	return false;
}

/* What a client may choose is a label before a domain of ours, never its end. */
static int check_host(struct slice host, const char **reason_out)
{
	bool open = false; /* what came last is a client's */
	if (host.len == 0)
		return fail(reason_out, "no host stands behind the \"//\"");
	while (host.len) {
		size_t len = variable_len(host);
		char c = host.ptr[0];
		if (len == 0 && !char_is(c, CHAR_HOST) && !memchr(":[]", c, 3))
			return fail(reason_out, "a host is letters, digits, '-' and '.'");
		if (open && (len || c != '.' || host.len == 1))
			break;
		open = len && !trusted(slice_head(host, len));
		host = slice_tail(host, len ? len : 1);
	}
	if (open)
		return fail(reason_out,
		    "clients could choose the host by the variable in it (end "
		    "it in \".example.org\", or put a '/' before the variable)");
	return OK;
}

/* "www.example.org", "example.org/x"; but not "page.html", "../x" */
static bool looks_like_host(struct slice place)
{
	struct slice first = slice_split(&place, '/');
	ptrdiff_t dot = slice_find(first, '.');
	if (dot <= 0 || first.ptr[0] == '$')
		return false;
	return place.ptr || slice_starts(first, SLICE("www."));
}

static int split_place(struct slice place, struct parts *p, const char **reason_out)
{
	size_t scheme = scheme_len(place), host = host_begin(place, scheme);
	p->path = place;
	if (host) {
		size_t end = host_end(place, host);
		p->form = FORM_ORIGIN;
		p->origin = slice_head(place, end);
		p->host = slice_tail(p->origin, host);
		p->path = slice_tail(place, end);
		return check_host(p->host, reason_out);
	}
	if (scheme &&
	    (slice_eq_ci(slice_head(place, 5), SLICE("http:")) ||
		slice_eq_ci(slice_head(place, 6), SLICE("https:")) || place.ptr[0] == '$'))
		return fail(reason_out, "\"//\" and a host stand behind the scheme");
	ptrdiff_t colon = slice_find(slice_split(&place, '/'), ':');
	if (!scheme && colon >= 0)
		return fail(reason_out, "a ':' before the first '/' would end a scheme");
	if (!scheme && looks_like_host(p->path))
		return fail(reason_out,
		    "it looks like a host, and would be a path of this site (expected "
		    "\"https://\" before a host, \"./\" before a path)");
	p->form = scheme                                           ? FORM_OPAQUE
		  : p->path.len && memchr("/$", p->path.ptr[0], 2) ? FORM_ROOTED
								   : FORM_RELATIVE;
	return OK;
}

static int split(struct slice text, struct parts *p, const char **reason_out)
{
	*p = (struct parts){ 0 };
	if (text.len == 0)
		return fail(reason_out, "it is empty");
	if (check_bytes(text, reason_out) < 0)
		return ERR_SYNTAX;
	/* As it came, with slashes in twos and dots in it: no good start for a URL. */
	if (contains(text, SLICE("${target}")))
		return fail(reason_out,
		    "${target} is not safe here (use ${path}: the query is kept anyway)");
	ptrdiff_t hash = slice_find(text, '#');
	if (hash >= 0)
		p->fragment = slice_tail(text, (size_t)hash);
	struct slice place = hash >= 0 ? slice_head(text, (size_t)hash) : text;
	ptrdiff_t mark = slice_find(place, '?');
	if (mark >= 0)
		p->query = slice_tail(place, (size_t)mark);
	return split_place(mark >= 0 ? slice_head(place, (size_t)mark) : place, p, reason_out);
}

/* A template for the part, NULL if it is not there. */
static int compile_part(struct slice text, const char *const *params, struct arena *a,
    const struct template **out, const char **reason_out)
{
	struct template_error error;
	*out = NULL;
	if (!text.ptr || template_compile(text, a, params, out, &error) == OK)
		return OK;
	return fail(reason_out, error.reason);
}

int redirect_target_compile(struct slice text, const char *const *params, struct arena *a,
    const struct redirect_target **out, const char **reason_out)
{
	struct redirect_target *t = arena_zalloc(a, sizeof(*t));
	struct parts p;
	if (split(text, &p, reason_out) < 0 ||
	    compile_part(p.origin, params, a, &t->origin, reason_out) < 0 ||
	    compile_part(p.path, params, a, &t->path, reason_out) < 0 ||
	    compile_part(p.query, params, a, &t->query, reason_out) < 0 ||
	    compile_part(p.fragment, params, a, &t->fragment, reason_out) < 0)
		return ERR_SYNTAX;
	t->form = p.form;
	t->keeps_query =
	    !p.query.ptr && p.form != FORM_OPAQUE && !contains(text, SLICE("${query}"));
	*out = t;
	return OK;
}

/* What came out is a host: no percent-encoding, which stands for what no label has, and something
 * before the first dot. */
static bool origin_valid(struct slice origin)
{
	size_t slashes = (size_t)slice_find(origin, '/') + 2;
	struct slice host = slice_tail(origin, slashes);
	for (size_t i = 0; i < host.len; i++)
		if (!char_is(host.ptr[i], CHAR_HOST) && !memchr(":[]", host.ptr[i], 3))
			return false;
	return host.len > 0 && host.ptr[0] != '.' && host.ptr[0] != ':';
}

static int append_origin(const struct redirect_target *t, struct request *r, struct buf *out)
{
	if (!t->origin)
		return OK;
	if (template_expand(t->origin, r, ESCAPE_URL, out) < 0)
		return ERR_FULL;
	return origin_valid(buf_peek(out)) ? OK : ERR_SYNTAX;
}

/* One slash at the front, never two. */
static int append_path(const struct redirect_target *t, struct request *r, struct buf *out)
{
	bool rooted = t->form == FORM_ROOTED || t->form == FORM_ORIGIN;
	size_t at = out->len, slashes = 0;
	if (template_expand(t->path, r, rooted ? ESCAPE_PATH : ESCAPE_URL, out) < 0)
		return ERR_FULL;
	if (!rooted || (t->form == FORM_ORIGIN && out->len == at))
		return OK;
	while (at + slashes < out->len && out->data[at + slashes] == '/')
		slashes++;
	if (slashes == 0 && buf_byte(out, '/') < 0)
		return ERR_FULL;
	size_t rest = out->len - at - (slashes ? slashes : 1);
	memmove(out->data + at + 1, out->data + at + slashes, rest);
	out->data[at] = '/';
	out->len = at + 1 + rest;
	return OK;
}

static int append_query(const struct redirect_target *t, struct request *r, struct buf *out)
{
	size_t at = out->len;
	if (t->query && template_expand(t->query, r, ESCAPE_URL, out) < 0)
		return ERR_FULL;
	if (out->len == at + 1)
		out->len = at; /* "?" alone takes the query away */
	if (!t->keeps_query || !r->query.ptr)
		return OK;
	if (buf_byte(out, '?') < 0)
		return ERR_FULL;
	return buf_append(out, r->query);
}

static int append(const struct redirect_target *t, struct request *r, struct buf *out)
{
	int rc = append_origin(t, r, out);
	if (rc == OK)
		rc = append_path(t, r, out);
	if (rc == OK)
		rc = append_query(t, r, out);
	if (rc == OK && t->fragment)
		rc = template_expand(t->fragment, r, ESCAPE_URL, out);
	return rc;
}

int redirect_target_expand(
    const struct redirect_target *t, struct request *r, struct slice *url_out)
{
	struct buf url;
	buf_init(&url, URL_MAX);
	int rc = append(t, r, &url);
	if (rc == OK)
		*url_out = arena_dup(&r->arena, buf_peek(&url));
	buf_fini(&url);
	return rc;
}

bool redirect_target_is_personal(const struct redirect_target *t)
{
	const struct template *const parts[] = { t->origin, t->path, t->query, t->fragment };
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i] && template_is_personal(parts[i]))
			return true;
	return false;
}
