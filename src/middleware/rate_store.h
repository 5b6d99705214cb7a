/*
 * rate_store.h - buckets that several machines share, kept by a Redis server.
 *
 * It is asked without waiting for it: the answer comes as an event. Whoever gets no answer is to
 * count for himself.
 */
#ifndef MIDDLEWARE_RATE_STORE_H
#define MIDDLEWARE_RATE_STORE_H

#include "middleware/rate_rule.h"

struct rate_store;
struct rate_ask;

/* `bucket` NULL: no answer came. */
typedef void (*rate_answer_fn)(
    struct request *r, const void *ctx, bool granted, const struct bucket_state *bucket);
struct rate_asker {
	struct request *r;
	const void *ctx;
	rate_answer_fn on_answer;
};

/* What is wrong with the URL: static text without a full stop, NULL: nothing. */
const char *rate_store_check(const char *url);
/* In a worker. Equal URLs have one connection. NULL: not with this build. */
struct rate_store *rate_store_open(const char *url, uint64_t timeout_ms);
void rate_store_release(struct rate_store **store); /* *store may be NULL */
/* "hiredis 1.1.0", for --version; NULL: it is not in. */
const char *rate_store_library(void);
const char *rate_store_name(const struct rate_store *store); /* without the password */

/* NULL: the store is away. Otherwise on_answer is called once, later, unless the ask is forgotten.
 */
struct rate_ask *rate_store_ask(
    struct rate_store *store, const struct rate_subject *subject, const struct rate_asker *asker);
void rate_store_forget(struct rate_ask *ask);

#endif
