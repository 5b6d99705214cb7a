/*
 * cache_keys.h - the settings of cache: those of a route, and those of the memory for all of them.
 */
#ifndef MIDDLEWARE_CACHE_KEYS_H
#define MIDDLEWARE_CACHE_KEYS_H

#include "config/report.h"
#include "config/snapshot.h"

struct cache_settings {
	bool enabled;
	int64_t ttl; /* times in milliseconds */
	int64_t heuristic;
	int64_t stale_while_revalidate;
	int64_t stale_if_error;
	int64_t object_size;
	int64_t wait;
	bool cookies;
	bool set_cookie;
	bool client_control;
	bool status_field;
};

struct cache_store_settings {
	int64_t entries;
	int64_t size;
};

extern const struct key_group cache_group, cache_store_group;

/* Whether any scope from here on up says something of the group. */
bool cache_said_anywhere(const struct config_scope *scope);

#endif
