/*
 * route.h - the patterns of routes, compiled once: what a path must look like.
 */
#ifndef APP_ROUTE_H
#define APP_ROUTE_H

#include "app/site.h"

enum pattern_kind {
	PATTERN_LITERAL,  /* /healthz */
	PATTERN_PREFIX,   /* /app/ and what follows */
	PATTERN_SUFFIX,   /* what ends in .php */
	PATTERN_SEGMENTS, /* /user/:id, perhaps with a rest */
};

struct pattern_segment {
	struct slice text; /* the parameter's name without ":" */
	bool param;
};

struct route_pattern {
	enum pattern_kind kind;
	struct slice text; /* the literal, the prefix, the suffix; of segments what stands before
			      the first parameter */
	const struct pattern_segment *segments;
	unsigned segment_count;
	bool rest; /* segments, then "*" */
};

/* ERR_SYNTAX with a static text that says what is wrong. Borrows `pattern`. */
MUST_CHECK int pattern_compile(
    struct slice pattern, struct arena *a, struct route_pattern *out, const char **reason_out);

/* Takes the parameters into x when it matches; leaves x->param_count at 0 otherwise. */
bool pattern_match(const struct route_pattern *p, struct slice path, struct exchange *x);

/* The first route with this path and host whatever its methods; NULL without one. */
struct route *route_find(struct site *site, struct request *r);

/* "example.org", "*.example.org"; the empty pattern is any. Both lower case. */
bool host_matches(struct slice pattern, struct slice host);

#endif
