/*
 * inherit.h - the successor's side of an upgrade (see upgrade.h).
 */
#ifndef PROCESS_INHERIT_H
#define PROCESS_INHERIT_H

#include "process/state.h"

/* At the start. ERR_NOTFOUND when there is no predecessor; ERR_SYNTAX, ERR_IO when what he left is
 * unusable (logged). */
MUST_CHECK int inherit_take(struct master *m);

/* The first generation serves: tells the predecessor. True once this master is the one in charge.
 */
bool inherit_finish(struct master *m);

/* The start has failed: the predecessor goes on alone. */
void inherit_refuse(struct master *m);

/* Reads what the predecessor says; when he is gone, clears up what he may have left on the
 * scoreboard. */
void inherit_step(struct master *m, uint64_t now_ms);
uint64_t inherit_next_ms(const struct master *m);

#endif
