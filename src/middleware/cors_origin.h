/*
 * cors_origin.h - which origins are meant: one, those below a domain, those on any port, all.
 */
#ifndef MIDDLEWARE_CORS_ORIGIN_H
#define MIDDLEWARE_CORS_ORIGIN_H

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

enum origin_form {
	ORIGIN_ALL,   /* "*" */
	ORIGIN_EXACT, /* "https://example.org", "null" */
	ORIGIN_BELOW, /* "https://" star ".example.org" */
	ORIGIN_PORTS, /* "http://localhost:" star */
};

struct origin_pattern {
	enum origin_form form;
	struct slice before; /* the star; the whole if there is none */
	struct slice after;
};

/* ERR_SYNTAX with a static text that says what is wrong. Borrows `text`. */
MUST_CHECK int origin_pattern_parse(
    struct slice text, struct origin_pattern *out, const char **reason_out);

/* `origin` as in the field of a request; scheme and host are compared without regard to case. */
bool origin_matches(const struct origin_pattern *p, struct slice origin);

#endif
