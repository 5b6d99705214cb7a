/*
 * route.h - the patterns of routes, compiled once: what a path must look like.
 */
#ifndef APP_ROUTE_H
#define APP_ROUTE_H

#include "app/regex.h"
#include "app/site.h"

enum pattern_kind {
	PATTERN_LITERAL,  /* /healthz */
	PATTERN_PREFIX,   /* /app/ and what follows */
	PATTERN_SUFFIX,   /* what ends in .php */
	PATTERN_SEGMENTS, /* /user/:id, perhaps with a rest */
	PATTERN_REGEX,    /* what an expression matches */
};

struct pattern_segment {
	struct slice text; /* the parameter's name without ":" */
	bool param;
};

/* Of suffixes and expressions `text` and `segments` are those of the groups around the route: what
 * they leave of a path, with a slash in front, is matched. */
struct route_pattern {
	enum pattern_kind kind;
	struct slice text; /* the literal, the prefix; of segments what stands before the first
			      parameter */
	const struct pattern_segment *segments;
	unsigned segment_count;
	bool rest; /* segments, then "*" */
	struct slice suffix;
	struct regex *regex;
};

enum { PATTERN_WHY = REGEX_WHY };

/*
 * `group` is the path of the groups around the route, empty without; `own` what the route says.
 * ERR_SYNTAX with what is wrong. Borrows both. What was compiled is given back by pattern_release.
 */
MUST_CHECK int pattern_compile(struct slice group, struct slice own, struct arena *a,
    struct route_pattern *out, char why_out[PATTERN_WHY]);
void pattern_release(struct route_pattern *p);
/* The same for a route of a configuration; for a group of routes, what their paths begin with. */
MUST_CHECK int pattern_of_route(const struct config_scope *route, struct arena *a,
    struct route_pattern *out, char why_out[PATTERN_WHY]);

/* Takes the parameters into x when it matches; leaves x->param_count at 0 otherwise. */
enum match pattern_match(const struct route_pattern *p, struct slice path, struct exchange *x);

/* The names of what it takes; how many. In the arena. */
unsigned pattern_params(
    const struct route_pattern *p, const char *out[ROUTE_PARAMS_MAX], struct arena *a);
/* Whether the "*" of a route's path is all that follows what is fixed of it: "/app/" and a star. */
bool route_takes_rest(const struct config_scope *scope);

enum route_verdict {
	ROUTE_ANSWERS,
	ROUTE_OTHER_HOST,
	ROUTE_OTHER_PATH,
	ROUTE_OTHER_METHOD, /* path and host are the route's; parameters are taken */
	ROUTE_UNDECIDED,    /* its expression gave up */
};

/* What one route says to a request. The parameters are those of its path, if that matches. */
enum route_verdict route_try(const struct route *route, struct request *r);

/* The first route with this path and host whatever its methods; NULL without one. */
struct route *route_find(struct site *site, struct request *r);

/* Whether `other` is guarded by more than what one who was let through at `passed` has met. */
bool route_guards_more(const struct route *other, const struct route *passed);

/* The route that would answer this path, if it is guarded by more than the one that has the
 * request; NULL else. For handlers that found what they were not asked for by name. */
const struct route *route_guarding(struct request *r, struct slice path);

/* "example.org", "*.example.org"; the empty pattern is any. Both lower case. */
bool host_matches(struct slice pattern, struct slice host);

#endif
