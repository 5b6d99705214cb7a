/*
 * cache_rules.h - what RFC 9111 says of an answer: whether it may be kept, and for how long it may
 * be used.
 */
#ifndef MIDDLEWARE_CACHE_RULES_H
#define MIDDLEWARE_CACHE_RULES_H

#include "http/cache_control.h"
#include "middleware/cache_keys.h"
#include "middleware/cache_store.h"

/* Whether the response to r may be kept (section 3); then its terms. The content's length is
 * looked at, if it is known. */
bool cache_may_keep(
    const struct request *r, const struct cache_settings *s, struct cache_terms *terms_out);

/* The response to r, still without its content; one reference, the caller's. */
struct cached *cached_new(
    struct request *r, const struct cache_settings *s, const struct cache_terms *terms);
/* Before anybody else sees it. Takes a reference of its own. */
void cached_set_body(struct cached *c, struct cache_body *body);

/* A 304 to r has confirmed `old`: the same answer with the fields and the terms of now (sections
 * 3.2 and 4.3.4). NULL: by its new fields it may not be kept. */
struct cached *cached_confirmed(
    struct request *r, const struct cache_settings *s, const struct cached *old);

int64_t cached_age(const struct cached *c, uint64_t now_ms); /* seconds (section 4.2.3) */

enum cache_use {
	CACHE_FRESH, /* give it */
	CACHE_STALE, /* give it, and fetch a new one behind */
	CACHE_ASK,   /* ask the handler first */
};
/* What a request may do with an answer (section 4.2). `wishes`: its own Cache-Control. */
enum cache_use cached_use(
    const struct cached *c, const struct cache_control *wishes, uint64_t now_ms);
/* Whether it may be given in place of an error (RFC 5861 section 4). */
bool cached_stands_in(const struct cached *c, const struct cache_control *wishes, uint64_t now_ms);

/* Credentials came with the request, or a step before this one knows who it is. */
bool cache_has_credentials(const struct request *r);
/* Whether this request may be answered with it at all. */
bool cached_is_for(const struct cached *c, const struct request *r, const struct cache_settings *s);

uint64_t cache_now_ms(void); /* monotonic */
time_t cache_wall_s(void);

#endif
