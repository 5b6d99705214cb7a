/*
 * address_table.c - open addressing in shared memory, without locks.
 *
 * An entry's state word tells whose it is:
 *   NEVER     not used so far; ends a search
 *   VACANT    was used; a search goes on behind it
 *   BUSY      a worker writes its key or gives it up; the word names the worker's slot
 *   a tag     in use by the key whose hash the tag is part of
 * An entry is given up by who takes the last count out, so the words alone tell what is free.
 *
 * The one race to think about: A adds to an entry while B gives it up. A counts first and then
 * looks at the state again; B sets BUSY first and then looks at the counts again. One of them sees
 * the other and steps back (all these operations are sequentially consistent).
 *
 * Two workers that enter a new address in the same instant may make two entries of it. Both are
 * summed by a search, so the count stays right.
 */
#include "base/address_table.h"

#include <stdbool.h>
#include <string.h>

enum {
	BUCKET = 16, /* state words in a line of the cache */
	BUCKETS = SCORE_ADDRESSES / BUCKET,
	/* Eight buckets, taken in a stride that depends on the key, too: with the table three
	 * quarters full less than one new address in 10^5 finds no room, and a search reads eight
	 * lines. */
	PROBE_MAX = 8 * BUCKET,
	/* Each retry means that another worker changed the same entry in the same microsecond. */
	TRIES_MAX = 16,
};

enum { NEVER = 0, VACANT = 1, BUSY = 2, TAG = 3, KIND_MASK = 3, KIND_BITS = 2 };

struct place {
	unsigned bucket;
	unsigned stride; /* odd, so that it meets every bucket: their number is a power of two */
	uint32_t tag;
};

/* What a search found; -1 where nothing was. */
struct found {
	int entry; /* the key's, and of several the one where this slot has a count */
	int room;  /* the first that could be had */
	unsigned count;
};

_Static_assert((BUCKETS & (BUCKETS - 1)) == 0, "the stride relies on it");

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static struct place place_of(const struct address_table *table, const unsigned char key[16])
{
	uint64_t half[2];
	memcpy(half, key, sizeof(half));
	uint64_t hash = mix(half[0] ^ table->seed[0], half[1] ^ table->seed[1]);
	hash = mix(hash ^ table->seed[1], table->seed[0] | 1);
	return (struct place){
		.bucket = (unsigned)(hash >> 32) % BUCKETS,
		.stride = (unsigned)(hash >> 48) | 1,
		.tag = (uint32_t)hash << KIND_BITS | TAG,
	};
}

static int entry_at(struct place place, unsigned probe)
{
	unsigned bucket = (place.bucket + probe / BUCKET * place.stride) % BUCKETS;
	return (int)(bucket * BUCKET + probe % BUCKET);
}

static uint32_t busy(unsigned slot)
{
	return (uint32_t)slot << KIND_BITS | BUSY;
}

static unsigned sum(struct address_table *table, int entry)
{
	unsigned count = 0;
	unsigned slots = atomic_load(&table->slots_used);
	for (unsigned i = 0; i < slots; i++)
		count += atomic_load(&table->counters[entry][i]);
	return count;
}

/*
 * The caller's own count holds an entry: while it is there no one else changes its key, though
 * another who tries to give it up may show BUSY for a moment.
 */
static bool is_of_key(struct address_table *table, unsigned slot, int entry, struct place place,
    const unsigned char key[16])
{
	uint32_t state = atomic_load(&table->states[entry]);
	bool held = (state & KIND_MASK) == BUSY && atomic_load(&table->counters[entry][slot]) != 0;
	return (held || state == place.tag) && memcmp(table->keys[entry], key, 16) == 0;
}

static struct found search(
    struct address_table *table, unsigned slot, struct place place, const unsigned char key[16])
{
	struct found f = { .entry = -1, .room = -1 };
	for (unsigned i = 0; i < PROBE_MAX; i++) {
		int at = entry_at(place, i);
		uint32_t state = atomic_load(&table->states[at]);
		if ((state == NEVER || state == VACANT) && f.room < 0)
			f.room = at;
		if (state == NEVER)
			break;
		if (!is_of_key(table, slot, at, place, key))
			continue;
		if (f.entry < 0 || atomic_load(&table->counters[at][slot]))
			f.entry = at;
		f.count += sum(table, at);
	}
	return f;
}

/*
 * From its `tag` to VACANT if nobody counts in it (any more). Who took the last count out while it
 * was BUSY could not give it up himself, so it is looked at once more after each attempt.
 */
static void give_up(struct address_table *table, unsigned slot, int entry, uint32_t tag)
{
	while (sum(table, entry) == 0) {
		uint32_t expected = tag;
		if (!atomic_compare_exchange_strong(&table->states[entry], &expected, busy(slot)))
			return;
		if (sum(table, entry) == 0) {
			atomic_store(&table->states[entry], VACANT);
			return;
		}
		atomic_store(&table->states[entry], tag);
	}
}

static bool claim(struct address_table *table, unsigned slot, int entry, struct place place,
    const unsigned char key[16])
{
	uint32_t expected = atomic_load(&table->states[entry]);
	if (expected != NEVER && expected != VACANT)
		return false;
	if (!atomic_compare_exchange_strong(&table->states[entry], &expected, busy(slot)))
		return false;
	memcpy(table->keys[entry], key, 16);
	/* Counted before it is in the open: no one finds it empty and gives it up. */
	atomic_store(&table->counters[entry][slot], 1);
	atomic_store(&table->states[entry], place.tag);
	return true;
}

/* False if the entry was given up meanwhile, which a count already in it rules out. */
static bool count(struct address_table *table, unsigned slot, int entry, uint32_t tag)
{
	_Atomic uint16_t *counter = &table->counters[entry][slot];
	if (atomic_fetch_add(counter, 1) > 0 || atomic_load(&table->states[entry]) == tag)
		return true;
	atomic_fetch_sub(counter, 1);
	give_up(table, slot, entry, tag);
	return false;
}

unsigned address_table_add(struct address_table *table, unsigned slot, const unsigned char key[16])
{
	struct place place = place_of(table, key);
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		struct found f = search(table, slot, place, key);
		if (f.entry < 0 && f.room < 0)
			return 0;
		if (f.entry < 0 && claim(table, slot, f.room, place, key))
			return 1;
		if (f.entry < 0)
			continue;
		if (atomic_load(&table->counters[f.entry][slot]) == UINT16_MAX)
			return 0;
		if (count(table, slot, f.entry, place.tag))
			return f.count + 1;
	}
	return 0;
}

void address_table_remove(struct address_table *table, unsigned slot, const unsigned char key[16])
{
	struct place place = place_of(table, key);
	struct found f = search(table, slot, place, key);
	if (f.entry < 0 || atomic_load(&table->counters[f.entry][slot]) == 0)
		return;
	atomic_fetch_sub(&table->counters[f.entry][slot], 1);
	give_up(table, slot, f.entry, place.tag);
}

/* The worker died between setting BUSY and what follows. Giving up: somebody else's count may be
 * in it, and the key is whole. Claiming: no one else can have counted. */
static void settle_busy(struct address_table *table, int entry)
{
	uint32_t tag = place_of(table, table->keys[entry]).tag;
	bool used = sum(table, entry) != 0;
	atomic_store(&table->states[entry], used ? tag : (uint32_t)VACANT);
}

void address_table_clear_slot(struct address_table *table, unsigned slot)
{
	for (int i = 0; i < SCORE_ADDRESSES; i++) {
		uint32_t state = atomic_load(&table->states[i]);
		if (state == NEVER || state == VACANT)
			continue;
		if (atomic_load(&table->counters[i][slot]))
			atomic_store(&table->counters[i][slot], 0);
		if (state == busy(slot))
			settle_busy(table, i);
		else if ((state & KIND_MASK) == TAG)
			give_up(table, slot, i, state);
	}
}
