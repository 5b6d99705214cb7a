/*
 * cache_control.h - what Cache-Control says (RFC 9111 section 5.2, RFC 5861).
 */
#ifndef HTTP_CACHE_CONTROL_H
#define HTTP_CACHE_CONTROL_H

#include "http/fields.h"

/* Seconds beyond which it makes no difference: 68 years (RFC 9111 section 1.2.2). */
#define CACHE_SECONDS_MAX INT64_C(0x7fffffff)

struct cache_control {
	bool given; /* there is such a field */
	bool no_store;
	bool no_cache; /* with field names, too: they are taken for all of it */
	bool is_private;
	bool is_public;
	bool must_revalidate; /* or proxy-revalidate */
	bool only_if_cached;
	/* Seconds; -1: not given. What is no number is 0; of two the smaller one counts. */
	int64_t max_age;
	int64_t s_maxage;
	int64_t max_stale; /* without a value CACHE_SECONDS_MAX */
	int64_t min_fresh;
	int64_t stale_while_revalidate;
	int64_t stale_if_error;
};

/* Of a request or a response. */
struct cache_control cache_control_read(const struct fields *f);

/* "delta-seconds", clamped; -1 for what is none. */
int64_t cache_seconds(struct slice text);

#endif
