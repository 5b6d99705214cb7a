/*
 * cors_origin.c - see cors_origin.h. RFC 6454 section 6.2: scheme, host, and the port unless it is
 * that of the scheme.
 */
#include "middleware/cors_origin.h"

#include "http/chars.h"

#include <string.h>

static int fail(const char **reason_out, const char *reason)
{
	*reason_out = reason;
	return ERR_SYNTAX;
}

static size_t scheme_len(struct slice text)
{
	size_t len = 0;
	while (len < text.len && (char_is(text.ptr[len], CHAR_HOST) || text.ptr[len] == '+'))
		len++;
	return len && slice_starts(slice_tail(text, len), SLICE("://")) ? len : 0;
}

/* Clients leave out the port of the scheme. */
static struct slice without_default_port(struct slice text)
{
	if (slice_eq_ci(slice_head(text, 8), SLICE("https://")) && slice_ends(text, SLICE(":443")))
		return slice_head(text, text.len - 4);
	if (slice_eq_ci(slice_head(text, 7), SLICE("http://")) && slice_ends(text, SLICE(":80")))
		return slice_head(text, text.len - 3);
	return text;
}

static int check_host(struct slice host, const char **reason_out)
{
	for (size_t i = 0; i < host.len; i++) {
		if (host.ptr[i] == '/')
			return fail(reason_out, "an origin ends before the '/'");
		if (!char_is(host.ptr[i], CHAR_HOST) && !memchr("*:[]", host.ptr[i], 4))
			return fail(reason_out,
			    "a host is letters, digits, '-' and '.' (others as \"xn--...\")");
	}
	return host.len ? OK : fail(reason_out, "no host stands behind the \"//\"");
}

int origin_pattern_parse(struct slice text, struct origin_pattern *out, const char **reason_out)
{
	size_t scheme = scheme_len(text);
	struct slice host = slice_tail(text, scheme + 3);
	*out = (struct origin_pattern){ ORIGIN_ALL, SLICE_NONE, SLICE_NONE };
	if (slice_eq(text, SLICE("*")))
		return OK;
	*out = (struct origin_pattern){ ORIGIN_EXACT, text, SLICE_NONE };
	if (slice_eq(text, SLICE("null")))
		return OK;
	if (!scheme)
		return fail(reason_out, "expected \"https://example.org\"");
	if (check_host(host, reason_out) < 0)
		return ERR_SYNTAX;
	ptrdiff_t star = slice_find(text, '*');
	if (star < 0) {
		out->before = without_default_port(text);
		return OK;
	}
	out->before = slice_head(text, (size_t)star);
	out->after = without_default_port(text);
	out->after = slice_tail(out->after, (size_t)star + 1);
	if (slice_starts(host, SLICE("*.")) && host.len > 2)
		out->form = ORIGIN_BELOW;
	else if (host.len > 2 && slice_ends(host, SLICE(":*")))
		out->form = ORIGIN_PORTS;
	if (out->form == ORIGIN_EXACT || slice_find_last(text, '*') != star)
		return fail(reason_out, "a '*' stands before a domain, \"https://*.example.org\", "
					"or for a port, \"http://localhost:*\"");
	return OK;
}

static bool is_below(struct slice part)
{
	for (size_t i = 0; i < part.len; i++)
		if (!char_is(part.ptr[i], CHAR_HOST))
			return false;
	return part.len > 0;
}

static bool is_port(struct slice part)
{
	for (size_t i = 0; i < part.len; i++)
		if (part.ptr[i] < '0' || part.ptr[i] > '9')
			return false;
	return part.len > 0;
}

bool origin_matches(const struct origin_pattern *p, struct slice origin)
{
	size_t fixed = p->before.len + p->after.len;
	if (p->form == ORIGIN_ALL)
		return true;
	if (p->form == ORIGIN_EXACT)
		return slice_eq_ci(origin, p->before);
	if (origin.len <= fixed || !slice_eq_ci(slice_head(origin, p->before.len), p->before) ||
	    !slice_eq_ci(slice_tail(origin, origin.len - p->after.len), p->after))
		return false;
	struct slice part = slice_of(origin.ptr + p->before.len, origin.len - fixed);
	return p->form == ORIGIN_BELOW ? is_below(part) : is_port(part);
}
