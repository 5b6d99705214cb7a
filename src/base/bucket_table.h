/*
 * bucket_table.h - token buckets in the scoreboard's shared memory: who may do how much in which
 * time, over all workers, reloads and deaths of workers. Zero bytes are an empty table, but for the
 * secret.
 *
 * A bucket holds `burst` tokens and gets one back every interval; who takes when there is none is
 * refused. A bucket that is full again is forgotten, so only those count that were used within
 * burst times interval. The table is bounded and serves always: where there is no place for a
 * newcomer, the bucket that would be full soonest is given up.
 *
 * Any process may call at any time, and may be killed at any instruction.
 */
#ifndef BASE_BUCKET_TABLE_H
#define BASE_BUCKET_TABLE_H

#include "base/slice.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	/* Buckets in use at the same moment: half a megabyte, of which untouched pages cost none.
	 */
	BUCKET_TABLE_SIZE = 65536,
};

/* The most that burst times interval may be: 25 days. */
#define BUCKET_WINDOW_MAX_US (UINT64_C(1) << 41)

struct bucket_table {
	uint64_t secret[2]; /* random: who chooses keys can not choose whom they meet */
	_Alignas(64) _Atomic uint64_t words[BUCKET_TABLE_SIZE];
};

/* What is limited. Equal keys of different rules have different buckets. */
struct bucket_rule {
	uint64_t id; /* the same in all processes, and over a reload: a hash of the rule's place */
	uint64_t interval_us; /* at least 1 */
	uint32_t burst;       /* at least 1 */
};

struct bucket_state {
	uint32_t left;    /* tokens in it now */
	uint64_t wait_us; /* until there is one (more than 0 only if left is 0) */
	uint64_t full_us; /* until it is full */
};

/* Takes a token; false if there is none. `now_us` is clock_mono_us(), read now: of a turn's start
 * it would give each worker a time of its own. */
bool bucket_take(struct bucket_table *table, const struct bucket_rule *rule, struct slice key,
    uint64_t now_us, struct bucket_state *state_out);

/* What bucket_take would return; state_out is the bucket as it stands. Changes nothing. */
bool bucket_peek(struct bucket_table *table, const struct bucket_rule *rule, struct slice key,
    uint64_t now_us, struct bucket_state *state_out);

/* The state of a bucket of this rule that will be full in so long. */
void bucket_describe(
    const struct bucket_rule *rule, uint64_t full_us, struct bucket_state *state_out);

#endif
