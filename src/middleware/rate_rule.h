/*
 * rate_rule.h - the settings of rate_limit, made ready: what is limited, and whom a request counts
 * for.
 */
#ifndef MIDDLEWARE_RATE_RULE_H
#define MIDDLEWARE_RATE_RULE_H

#include "app/module.h"
#include "base/bucket_table.h"

struct rate_limit_settings {
	double rate;   /* 0: no limit */
	int64_t burst; /* 0: a second's worth */
	const char *key;
	int64_t status;
	bool dry_run;
	const char *store;
	int64_t store_timeout;
};

enum rate_key { RATE_BY_ADDRESS, RATE_BY_USER, RATE_BY_FIELD };

/* Of a route. */
struct rate_rule {
	const struct rate_limit_settings *settings;
	struct bucket_rule bucket;
	struct bucket_rule unnamed; /* by address, for who has no user or field */
	enum rate_key key;
	struct slice field; /* its name */
	enum field_id field_id;
	const char *place;        /* where the limit was written: "example.org /api/" */
	struct slice burst;       /* in digits */
	struct slice policy;      /* of the field RateLimit-Policy */
	struct rate_store *store; /* NULL: none */
};

/* Who is asked about. Points into itself: not to be copied. */
struct rate_subject {
	const struct bucket_rule *rule;
	struct slice key;
	unsigned char address[16];
};

void rate_rule_check(const struct config_scope *scope, struct config_report *report);
/* NULL: there is no limit. All but the store. */
struct rate_rule *rate_rule_new(const struct config_scope *route, struct arena *a);
/* False if there is nothing to tell clients apart by: a unix socket has no addresses. */
bool rate_rule_subject(
    const struct rate_rule *rule, const struct request *r, struct rate_subject *out);

#endif
