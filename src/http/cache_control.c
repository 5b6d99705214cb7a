/*
 * cache_control.c - see cache_control.h.
 *
 *   Cache-Control   = #cache-directive                                RFC 9111 section 5.2
 *   cache-directive = token [ "=" ( token / quoted-string ) ]
 *
 * Unknown directives are passed over; where a known one is malformed the careful reading counts.
 */
#include "http/cache_control.h"

#include "base/number.h"

#include <stddef.h>

static const struct {
	struct slice name;
	size_t flag;
} flags[] = {
	{ { "no-store", 8 }, offsetof(struct cache_control, no_store) },
	{ { "no-cache", 8 }, offsetof(struct cache_control, no_cache) },
	{ { "private", 7 }, offsetof(struct cache_control, is_private) },
	{ { "public", 6 }, offsetof(struct cache_control, is_public) },
	{ { "must-revalidate", 15 }, offsetof(struct cache_control, must_revalidate) },
	{ { "proxy-revalidate", 16 }, offsetof(struct cache_control, must_revalidate) },
	{ { "only-if-cached", 14 }, offsetof(struct cache_control, only_if_cached) },
};

static const struct {
	struct slice name;
	size_t seconds;
} times[] = {
	{ { "max-age", 7 }, offsetof(struct cache_control, max_age) },
	{ { "s-maxage", 8 }, offsetof(struct cache_control, s_maxage) },
	{ { "max-stale", 9 }, offsetof(struct cache_control, max_stale) },
	{ { "min-fresh", 9 }, offsetof(struct cache_control, min_fresh) },
	{ { "stale-while-revalidate", 22 },
	    offsetof(struct cache_control, stale_while_revalidate) },
	{ { "stale-if-error", 14 }, offsetof(struct cache_control, stale_if_error) },
};

int64_t cache_seconds(struct slice text)
{
	uint64_t value;
	int rc = number_parse(text, (uint64_t)CACHE_SECONDS_MAX, &value);
	if (rc == ERR_RANGE)
		return CACHE_SECONDS_MAX;
	return rc == OK ? (int64_t)value : -1;
}

static struct slice unquote(struct slice s)
{
	if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"')
		return slice_of(s.ptr + 1, s.len - 2);
	return s;
}

static int64_t value_of(struct slice name, struct slice value)
{
	if (!value.ptr)
		return slice_eq(name, SLICE("max-stale")) ? CACHE_SECONDS_MAX : 0;
	int64_t seconds = cache_seconds(unquote(slice_trim(value)));
	return seconds < 0 ? 0 : seconds;
}

static void take(struct cache_control *c, struct slice directive)
{
	struct slice value = directive;
	struct slice name = slice_trim(slice_split(&value, '='));
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (slice_eq_ci(flags[i].name, name))
			*(bool *)((char *)c + flags[i].flag) = true;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		if (!slice_eq_ci(times[i].name, name))
			continue;
		int64_t *seconds = (int64_t *)((char *)c + times[i].seconds);
		int64_t told = value_of(times[i].name, value);
		if (*seconds < 0 || told < *seconds)
			*seconds = told;
	}
}

struct cache_control cache_control_read(const struct fields *f)
{
	struct cache_control c = { .max_age = -1,
		.s_maxage = -1,
		.max_stale = -1,
		.min_fresh = -1,
		.stale_while_revalidate = -1,
		.stale_if_error = -1 };
	if (!(f->present & 1u << FIELD_CACHE_CONTROL))
		return c;
	c.given = true;
	for (unsigned i = 0; i < f->count; i++) {
		struct slice rest = f->list[i].value, directive;
		if (f->list[i].id != FIELD_CACHE_CONTROL)
			continue;
		while (field_list_next(&rest, &directive))
			take(&c, directive);
	}
	return c;
}
