/*
 * rate_rule.c - see rate_rule.h.
 *
 * A limit has one set of buckets where it is written: a site's is one for all routes that inherit
 * it. The buckets are found by a hash of that place's names, so that they are the same for all
 * workers, after a reload, and on other machines with the same sites.
 */
#include "middleware/rate_rule.h"

#include "app/site.h"
#include "base/buf.h"
#include "base/siphash.h"
#include "config/core.h"
#include "middleware/rate_limit.h"
#include "middleware/rate_store.h"

#include <math.h>
#include <stdio.h>

enum {
	RATE_MAX = 100000, /* a token in 10 µs; time is counted in whole ones */
	BURST_MAX = 1000000000,
	PLACE_MAX = 64 << 10, /* a path and methods; what is over does not count */
};

static const struct key keys[] = {
	{ .name = "rate",
	    .type = KEY_RATE,
	    .offset = KEY_AT(struct rate_limit_settings, rate),
	    .def = "0",
	    .min = 0,
	    .max = RATE_MAX,
	    .help = "requests that a client has in the long run, 0: no limit" },
	{ .name = "burst",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct rate_limit_settings, burst),
	    .def = "0",
	    .min = 0,
	    .max = BURST_MAX,
	    .help = "requests at once, 0: as many as in a second" },
	{ .name = "key",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct rate_limit_settings, key),
	    .def = "address",
	    .help = "who is a client: address, user or header:NAME" },
	{ .name = "status",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct rate_limit_settings, status),
	    .def = "429",
	    .min = 400,
	    .max = 599,
	    .help = "of the answer to who asks too often" },
	{ .name = "dry_run",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct rate_limit_settings, dry_run),
	    .def = "false",
	    .help = "count and log only, refuse nobody" },
	{ .name = "store",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct rate_limit_settings, store),
	    .help = "a Redis server that counts for several machines" },
	{ .name = "store_timeout",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct rate_limit_settings, store_timeout),
	    .def = "250ms",
	    .min = 10,
	    .max = 10000,
	    .help = "how long a request waits for the store" },
	KEYS_END,
};

const struct key_group rate_limit_group = {
	.name = "rate_limit",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = keys,
	.size = sizeof(struct rate_limit_settings),
	.shorthand = "rate",
	.help = "how often a client may ask",
};

static const struct rate_limit_settings *settings_of(const struct config_scope *scope)
{
	return config_settings(scope, &rate_limit_group);
}

/* In whole microseconds, as the buckets count. */
static double interval_us(const struct rate_limit_settings *s)
{
	return floor(1e6 / s->rate + 0.5);
}

static uint32_t burst(const struct rate_limit_settings *s)
{
	if (s->burst > 0)
		return (uint32_t)s->burst;
	return s->rate > 1 ? (uint32_t)ceil(s->rate) : 1;
}

/* A rate of next to nothing has an interval of any size. */
static bool is_too_wide(const struct rate_limit_settings *s)
{
	return interval_us(s) * burst(s) >= (double)BUCKET_WINDOW_MAX_US;
}

/* ERR_SYNTAX for what is none. */
static int parse_key(const char *text, enum rate_key *key_out, struct slice *field_out)
{
	struct slice rest = slice_str(text);
	struct slice word = slice_split(&rest, ':');
	*field_out = rest;
	if (rest.ptr) {
		*key_out = RATE_BY_FIELD;
		return slice_eq(word, SLICE("header")) && field_name_valid(rest) ? OK : ERR_SYNTAX;
	}
	*key_out = slice_eq(word, SLICE("user")) ? RATE_BY_USER : RATE_BY_ADDRESS;
	return *key_out == RATE_BY_USER || slice_eq(word, SLICE("address")) ? OK : ERR_SYNTAX;
}

static void check_key(
    const struct config_scope *scope, const char *text, struct config_report *report)
{
	enum rate_key key;
	struct slice field;
	if (parse_key(text, &key, &field) < 0)
		report_mistake(report, config_place(scope, &rate_limit_group, "key"),
		    "rate_limit.key: '%s' is not one of \"address\", \"user\", \"header:NAME\"",
		    text);
}

static void check_store(
    const struct config_scope *scope, const char *url, struct config_report *report)
{
	const char *why = rate_store_check(url);
	if (why)
		report_mistake(report, config_place(scope, &rate_limit_group, "store"),
		    "rate_limit.store: %s", why);
}

void rate_rule_check(const struct config_scope *scope, struct config_report *report)
{
	const struct rate_limit_settings *s = settings_of(scope);
	if (!config_given(scope, &rate_limit_group, NULL))
		return;
	if (config_given(scope, &rate_limit_group, "key"))
		check_key(scope, s->key, report);
	if (config_given(scope, &rate_limit_group, "store") && s->store && *s->store)
		check_store(scope, s->store, report);
	if (config_mistaken(scope, &rate_limit_group, NULL))
		return;
	if (s->rate <= 0 && scope->kind == SCOPE_ROUTE && scope->route_count == 0 &&
	    !config_given(scope, &rate_limit_group, "rate"))
		report_warning(report, config_place(scope, &rate_limit_group, NULL),
		    "rate_limit: nothing is limited without a rate (rate = \"10/s\";)");
	if (s->rate > 0 && is_too_wide(s))
		report_mistake(report, config_place(scope, &rate_limit_group, NULL),
		    "rate_limit: a burst of %u at this rate comes back in more than 25 days "
		    "(expected a smaller burst or a higher rate)",
		    burst(s));
}

/* --- the place --- */

static void name_route(const struct config_scope *scope, struct buf *out)
{
	const struct route_settings *route = config_settings(scope, &route_group);
	(void)!buf_printf(out, " %s", route->path ? route->path : "");
	if (route->host && *route->host)
		(void)!buf_printf(out, " host %s", route->host);
	for (size_t i = 0; i < route->methods.count; i++)
		(void)!buf_printf(out, " %s", route->methods.list[i]);
}

static void name_place(const struct config_scope *scope, struct buf *out)
{
	if (scope->kind == SCOPE_GLOBAL) {
		(void)!buf_printf(out, "all sites");
		return;
	}
	if (scope->kind == SCOPE_SITE) {
		const struct site_settings *site = config_settings(scope, &site_group);
		(void)!buf_printf(out, "%s", site->names.count ? site->names.list[0] : "default");
		return;
	}
	name_place(scope->parent, out);
	name_route(scope, out);
}

static const struct config_scope *giver(const struct config_scope *scope)
{
	while (scope->parent && !config_given(scope, &rate_limit_group, NULL))
		scope = scope->parent;
	return scope;
}

static const char *place_of(const struct config_scope *route, struct arena *a)
{
	struct buf text;
	buf_init(&text, PLACE_MAX);
	name_place(giver(route), &text);
	const char *place = arena_dup(a, buf_peek(&text)).ptr;
	buf_fini(&text);
	return place;
}

static uint64_t id_of(const char *place, const char *key)
{
	static const uint64_t everywhere[2];
	uint64_t of_place = siphash(everywhere, slice_str(place));
	const uint64_t secret[2] = { of_place, of_place };
	return siphash(secret, slice_str(key));
}

/* --- the rule --- */

/* draft-ietf-httpapi-ratelimit-headers: q tokens for w seconds. */
static struct slice policy_text(const struct bucket_rule *bucket, struct arena *a)
{
	uint64_t window_s = (bucket->interval_us * bucket->burst + 999999) / 1000000;
	return slice_str(arena_printf(
	    a, "\"default\";q=%u;w=%llu", bucket->burst, (unsigned long long)window_s));
}

struct rate_rule *rate_rule_new(const struct config_scope *route, struct arena *a)
{
	const struct rate_limit_settings *s = settings_of(route);
	if (s->rate <= 0 || is_too_wide(s))
		return NULL;
	struct rate_rule *rule = arena_zalloc(a, sizeof(*rule));
	rule->settings = s;
	rule->place = place_of(route, a);
	if (parse_key(s->key, &rule->key, &rule->field) < 0)
		return NULL; /* was a mistake */
	rule->field_id = field_find_id(rule->field);
	rule->bucket = (struct bucket_rule){
		.id = id_of(rule->place, s->key),
		.interval_us = (uint64_t)interval_us(s),
		.burst = burst(s),
	};
	rule->unnamed = rule->bucket;
	rule->unnamed.id = id_of(rule->place, "address");
	rule->burst = slice_str(arena_printf(a, "%u", rule->bucket.burst));
	rule->policy = policy_text(&rule->bucket, a);
	return rule;
}

static struct slice own_name(const struct rate_rule *rule, const struct request *r)
{
	switch (rule->key) {
	case RATE_BY_USER:
		return exchange_of(r)->user;
	case RATE_BY_FIELD:
		return rule->field_id == FIELD_OTHER ? fields_get_name(&r->fields, rule->field)
						     : fields_get(&r->fields, rule->field_id);
	case RATE_BY_ADDRESS:
		break;
	}
	return SLICE_NONE;
}

bool rate_rule_subject(
    const struct rate_rule *rule, const struct request *r, struct rate_subject *out)
{
	out->rule = &rule->bucket;
	out->key = own_name(rule, r);
	if (out->key.len > 0)
		return true;
	if (!r->peer || r->peer->any.sa_family == AF_UNIX)
		return false;
	/* Who leaves the field out is not free of the limit. */
	out->rule = &rule->unnamed;
	net_addr_key(r->peer, out->address);
	out->key = slice_of((const char *)out->address, sizeof(out->address));
	return true;
}
