/*
 * bucket_table.c - see bucket_table.h.
 *
 * A bucket is one word, so that every change is one exchange and there is no half of one: the time
 * at which it will be full again (the "theoretical arrival time" of the generic cell rate
 * algorithm), and a tag of the key. What lies between now and that time is the bucket's debt: the
 * tokens that are out of it. A time that has passed says the same as no bucket, which is what
 * keeps the table clean: nobody has to sweep it.
 *
 * Time has 46 bits of microseconds, which come round after 2.2 years: a debt can not be longer than
 * the window, so what seems to be further ahead lies behind. Tag and set identify a key by 30
 * bits. Two of 1,000 buckets in use at the same moment are one with a chance of 1 in 2,000; they
 * then share their tokens for that moment.
 *
 * A key has 16 places, two lines of the cache. Newcomers to a set take its first free place, so two
 * workers that enter the same key race for the same word. If the time passes between their two
 * looks, they can see different places free; the key then has two words for a moment. The next to
 * come takes the debt out of the second and adds it to the first.
 */
#include "base/bucket_table.h"

#include "base/siphash.h"

#include <assert.h>

enum {
	WAYS = 16,
	SETS = BUCKET_TABLE_SIZE / WAYS,
	TIME_BITS = 46,
};

#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)

_Static_assert((SETS & (SETS - 1)) == 0, "a set is chosen by bits of the hash");
_Static_assert(BUCKET_WINDOW_MAX_US < TIME_MASK / 2, "ahead and behind can be told apart");

struct place {
	_Atomic uint64_t *set; /* WAYS words */
	uint64_t tag;          /* where it stands in a word */
};

/* What a search saw. */
struct found {
	int mine, twin; /* the key's words; -1: there is none */
	int room;       /* where a newcomer goes: free, or else the one that is full soonest */
	uint64_t words[WAYS];
};

static struct place place_of(
    struct bucket_table *table, const struct bucket_rule *rule, struct slice key)
{
	const uint64_t secret[2] = { table->secret[0], table->secret[1] ^ rule->id };
	uint64_t hash = siphash(secret, key);
	return (struct place){
		.set = table->words + hash % SETS * WAYS,
		.tag = hash & ~TIME_MASK,
	};
}

static uint64_t debt_of(uint64_t word, uint64_t now_us)
{
	uint64_t ahead = (word - now_us) & TIME_MASK;
	return word && ahead <= BUCKET_WINDOW_MAX_US ? ahead : 0;
}

/* The first whose debt is the least: a free one has none. */
static int choose_room(const struct found *f, uint64_t now_us)
{
	uint64_t least = UINT64_MAX;
	int room = 0;
	for (int i = 0; i < WAYS && least > 0; i++) {
		uint64_t debt = debt_of(f->words[i], now_us);
		if (debt >= least)
			continue;
		least = debt;
		room = i;
	}
	return room;
}

/* A room is looked for in what was seen while the key was: who enters the key meanwhile takes the
 * same one, and one of the two exchanges fails. */
static void search(struct place place, uint64_t now_us, struct found *f)
{
	f->mine = f->twin = -1;
	for (int i = 0; i < WAYS; i++) {
		uint64_t word = f->words[i] = atomic_load(&place.set[i]);
		if ((word ^ place.tag) > TIME_MASK || word == 0)
			continue;
		if (f->mine < 0)
			f->mine = i;
		else if (debt_of(word, now_us) > 0)
			f->twin = i;
	}
	f->room = f->mine < 0 ? choose_room(f, now_us) : -1;
}

static uint64_t window(const struct bucket_rule *rule)
{
	return rule->interval_us * rule->burst;
}

static bool has_token(const struct bucket_rule *rule, uint64_t debt)
{
	return debt + rule->interval_us <= window(rule);
}

void bucket_describe(
    const struct bucket_rule *rule, uint64_t full_us, struct bucket_state *state_out)
{
	uint64_t most = window(rule) - rule->interval_us; /* the debt that still leaves one */
	uint64_t debt = full_us < window(rule) ? full_us : window(rule);
	state_out->left = (uint32_t)((window(rule) - debt) / rule->interval_us);
	state_out->wait_us = debt > most ? debt - most : 0;
	state_out->full_us = debt;
}

static bool replace(struct place place, const struct found *f, int way, uint64_t word)
{
	uint64_t expected = f->words[way];
	return atomic_compare_exchange_strong(&place.set[way], &expected, word);
}

/* More than the window: the rule was made stricter by a reload. The bucket is empty, no less. */
static uint64_t debt_in_all(
    const struct bucket_rule *rule, const struct found *f, uint64_t taken, uint64_t now_us)
{
	uint64_t debt = taken;
	if (f->mine >= 0)
		debt += debt_of(f->words[f->mine], now_us);
	if (f->twin >= 0)
		debt += debt_of(f->words[f->twin], now_us);
	return debt < window(rule) ? debt : window(rule);
}

/* Not bounded: each turn lost means that another process got on. */
bool bucket_take(struct bucket_table *table, const struct bucket_rule *rule, struct slice key,
    uint64_t now_us, struct bucket_state *state_out)
{
	struct place place = place_of(table, rule, key);
	struct found f;
	uint64_t taken = 0; /* out of a twin */
	assert(rule->interval_us > 0 && rule->burst > 0);
	assert(rule->interval_us <= BUCKET_WINDOW_MAX_US / rule->burst);
	for (;;) {
		search(place, now_us, &f);
		if (f.twin >= 0) {
			if (replace(place, &f, f.twin, 0))
				taken += debt_of(f.words[f.twin], now_us);
			continue;
		}
		uint64_t debt = debt_in_all(rule, &f, taken, now_us);
		bool granted = has_token(rule, debt);
		debt += granted ? rule->interval_us : 0;
		uint64_t word = place.tag | ((now_us + debt) & TIME_MASK);
		int way = f.mine >= 0 ? f.mine : f.room;
		if (word != f.words[way] && !replace(place, &f, way, word))
			continue;
		bucket_describe(rule, debt, state_out);
		return granted;
	}
}

bool bucket_peek(struct bucket_table *table, const struct bucket_rule *rule, struct slice key,
    uint64_t now_us, struct bucket_state *state_out)
{
	struct place place = place_of(table, rule, key);
	struct found f;
	search(place, now_us, &f);
	uint64_t debt = debt_in_all(rule, &f, 0, now_us);
	bucket_describe(rule, debt, state_out);
	return has_token(rule, debt);
}
