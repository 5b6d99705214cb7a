/*
 * auth_tries.c - see auth_tries.h.
 *
 * People mistype once or twice and are not made to wait. Then each answer takes twice as long as
 * the one before, up to a bound: a waiting request costs a connection some memory, and the limit
 * comes soon after.
 */
#include "middleware/auth_tries.h"

#include "base/bucket_table.h"
#include "base/clock.h"
#include "base/scoreboard.h"

enum {
	AT_ONCE = 2,
	DELAY_FIRST_MS = 250,
	DELAY_MAX_MS = 4000,
};

#define WINDOW_US (UINT64_C(600) * 1000 * 1000)

/* One bucket an address, whatever the site: a guess is a guess. */
static struct bucket_rule rule_of(unsigned limit)
{
	return (struct bucket_rule){
		.id = UINT64_C(0x61757468) << 32 | limit, /* "auth" */
		.interval_us = WINDOW_US / limit,
		.burst = limit,
	};
}

static struct slice key_slice(const unsigned char key[16])
{
	return slice_of((const char *)key, 16);
}

struct auth_tries auth_tries_look(const unsigned char key[16], unsigned limit)
{
	struct bucket_rule rule = rule_of(limit);
	struct bucket_state state;
	bucket_peek(score_buckets(), &rule, key_slice(key), clock_mono_us(), &state);
	return (struct auth_tries){ state.left, (unsigned)((state.wait_us + 999999) / 1000000) };
}

uint64_t auth_tries_take(const unsigned char key[16], unsigned limit)
{
	struct bucket_rule rule = rule_of(limit);
	struct bucket_state state;
	bucket_take(score_buckets(), &rule, key_slice(key), clock_mono_us(), &state);
	unsigned wrong = limit > state.left ? limit - state.left : 0;
	if (wrong <= AT_ONCE)
		return 0;
	unsigned doublings = wrong - AT_ONCE - 1;
	uint64_t delay = doublings < 8 ? (uint64_t)DELAY_FIRST_MS << doublings : DELAY_MAX_MS;
	return delay < DELAY_MAX_MS ? delay : DELAY_MAX_MS;
}
