/*
 * cache_store.h - kept answers: by address, and below it by the request fields they vary by (RFC
 * 9111 sections 2 and 4.1).
 *
 * One a worker, bounded in entries and bytes. Entries that were asked for again are protected from
 * those that were not: a flood of addresses that nobody asks for twice pushes out no others.
 */
#ifndef MIDDLEWARE_CACHE_STORE_H
#define MIDDLEWARE_CACHE_STORE_H

#include "base/list.h"
#include "http/conditions.h"
#include "http/request.h"

enum { CACHE_VARY_MAX = 8 }; /* request fields that one answer varies by; more are not kept */

/* How long an answer may be used, and by whom. Seconds. */
struct cache_terms {
	int64_t age; /* when it came */
	int64_t lifetime;
	int64_t stale_while_revalidate;
	int64_t stale_if_error;
	bool must_revalidate; /* never stale */
	bool no_cache;        /* never without asking */
	bool for_all;         /* also for requests with credentials (section 3.5) */
	bool assumed;         /* it did not say so itself: ttl, heuristic */
};

struct cache_body {
	struct owner owner;
	size_t len;
	char bytes[];
};
struct cache_body *cache_body_new(struct slice bytes);

/* An answer. Immutable; each user holds a reference. */
struct cached {
	struct owner owner;
	struct list node; /* its entry's, latest first */
	struct cache_terms terms;
	uint64_t came_ms; /* monotonic */
	int status;
	struct validators validators;
	struct slice vary;      /* its Vary; empty: none */
	struct field *selected; /* the values of those fields in the request; ptr NULL: absent */
	unsigned selected_count;
	struct field *fields;
	unsigned field_count;
	struct cache_body *body;
	size_t bytes; /* of memory, the body's included */
};

/* The value of a request field, of several lines as one; ptr NULL: absent. */
struct slice cache_selecting_value(struct request *r, struct slice name);

struct cache_flight;

/* What is known of an address. */
struct cache_entry {
	struct cache_entry *next;
	struct list node;
	struct list answers;
	uint64_t hash;
	struct slice key;
	size_t bytes;
	uint64_t used_ms;
	uint64_t barren_ms;          /* until then: its answers are not to be kept */
	struct cache_flight *flight; /* somebody is asking: the entry stays */
	bool proven;
	bool purged; /* what the flight brings is out of date already */
	char text[];
};

struct cache_store_limits {
	size_t entries;
	size_t bytes;
};

void cache_store_init(const struct cache_store_limits *limits);
void cache_store_fini(void);

struct cache_entry *cache_store_find(struct slice key); /* NULL without */
struct cache_entry *cache_store_take(struct slice key); /* found or made */
/* It was of use. */
void cache_store_used(struct cache_entry *e, uint64_t now_ms);
/* Takes the reference; replaces what the same request would get. The entry may be gone then, and
 * the answer with it. */
void cache_store_add(struct cache_entry *e, struct cached *c);
/* Forgets its answers, or one of them. The entry goes, too, if nothing holds it. */
void cache_store_forget(struct cache_entry *e);
void cache_store_remove(struct cache_entry *e, struct cached *c);
/* Its answers are not to be kept, so there is no use in waiting for one. */
void cache_store_mark_barren(struct cache_entry *e, uint64_t until_ms);
/* The flight has ended. */
void cache_store_landed(struct cache_entry *e);

/* The latest answer that was given to such a request; NULL without. Borrowed. */
struct cached *cache_store_select(const struct cache_entry *e, struct request *r);

/* Bytes of answers that are being collected count as well. False, and nothing is counted, if there
 * is no room for them. */
bool cache_store_collect(size_t bytes);
void cache_store_collected(size_t bytes);

#endif
