/*
 * address_table.h - how many connections each address has, over all workers: part of the
 * scoreboard's shared memory. Zero bytes are an empty table, but for the seed.
 *
 * Each worker counts in its own column, so that a dead worker's counts can be taken out. No locks:
 * a worker may be killed at any instruction. Workers are numbered by their slots.
 */
#ifndef BASE_ADDRESS_TABLE_H
#define BASE_ADDRESS_TABLE_H

#include "base/scoreboard.h"

struct address_table {
	uint64_t seed[2]; /* random: who chooses addresses can not choose collisions */
	/* No worker has a slot at or over this; raised before a worker of a higher slot starts. */
	_Atomic uint32_t slots_used;
	/* Apart from keys and counters: probing reads little, and untouched pages stay untouched.
	 */
	_Alignas(64) _Atomic uint32_t states[SCORE_ADDRESSES];
	unsigned char keys[SCORE_ADDRESSES][16];
	_Atomic uint16_t counters[SCORE_ADDRESSES][SCORE_SLOTS];
};

/* The new count over all slots; 0 if there is no room, and then nothing was counted. */
unsigned address_table_add(struct address_table *table, unsigned slot, const unsigned char key[16]);
void address_table_remove(struct address_table *table, unsigned slot, const unsigned char key[16]);

/* Takes out what the slot's dead worker counted. */
void address_table_clear_slot(struct address_table *table, unsigned slot);

#endif
