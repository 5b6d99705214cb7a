/*
 * cache_keys.c - see cache_keys.h.
 */
#include "middleware/cache_keys.h"

#define DAY (24 * 3600 * INT64_C(1000))
#define MB (INT64_C(1) << 20)

static const struct key cache_keys[] = {
	{ .name = "enabled",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct cache_settings, enabled),
	    .def = "true",
	    .help = "whether answers of handlers are kept here" },
	{ .name = "ttl",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct cache_settings, ttl),
	    .def = "0s",
	    .max = 365 * DAY,
	    .help = "how long an answer is fresh that does not say it itself; 0: not at all" },
	{ .name = "heuristic",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct cache_settings, heuristic),
	    .def = "0",
	    .max = 100,
	    .help = "likewise, in percent of the time since Last-Modified; 0: no guess is made" },
	{ .name = "stale_while_revalidate",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct cache_settings, stale_while_revalidate),
	    .def = "0s",
	    .max = 365 * DAY,
	    .help = "how long a stale answer is given while a new one is fetched" },
	{ .name = "stale_if_error",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct cache_settings, stale_if_error),
	    .def = "0s",
	    .max = 365 * DAY,
	    .help = "how long a stale answer is given in place of 500, 502, 503 and 504" },
	{ .name = "object_size",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct cache_settings, object_size),
	    .def = "1M",
	    .max = 64 * MB, /* it is collected in one piece */
	    .help = "larger content is not kept" },
	{ .name = "wait",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct cache_settings, wait),
	    .def = "5s",
	    .max = 60000, /* clients give up */
	    .help = "how long requests wait for the answer to one that asks for the same" },
	{ .name = "cookies",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct cache_settings, cookies),
	    .def = "false",
	    .help = "requests with Cookie share answers that are kept by ttl or heuristic alone" },
	{ .name = "set_cookie",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct cache_settings, set_cookie),
	    .def = "false",
	    .help = "answers with Set-Cookie are kept, and everybody gets the same cookie" },
	{ .name = "client_control",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct cache_settings, client_control),
	    .def = "true",
	    .help = "whether Cache-Control of a request is heeded" },
	{ .name = "status_field",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct cache_settings, status_field),
	    .def = "true",
	    .help = "tell in Cache-Status what the cache did" },
	KEYS_END,
};

const struct key_group cache_group = {
	.name = "cache",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = cache_keys,
	.size = sizeof(struct cache_settings),
	.shorthand = "enabled",
	.help = "keep answers of handlers in memory",
};

static const struct key cache_store_keys[] = {
	{ .name = "entries",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct cache_store_settings, entries),
	    .def = "4096",
	    .min = 1,
	    .max = 1 << 20,
	    .help = "addresses whose answers a worker keeps" },
	{ .name = "size",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct cache_store_settings, size),
	    .def = "32M",
	    .help = "memory for kept answers, a worker" },
	KEYS_END,
};

const struct key_group cache_store_group = {
	.name = "cache_store",
	.scopes = SCOPE_GLOBAL,
	.keys = cache_store_keys,
	.size = sizeof(struct cache_store_settings),
	.help = "memory of cache",
};

bool cache_said_anywhere(const struct config_scope *scope)
{
	while (scope && !config_given(scope, &cache_group, NULL))
		scope = scope->parent;
	return scope;
}
