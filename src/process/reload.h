/*
 * reload.h - from one configuration to the next, as a transaction: until the new generation serves,
 * nothing of the old one is touched, and whatever goes wrong before that leaves no trace but the
 * verdict.
 */
#ifndef PROCESS_RELOAD_H
#define PROCESS_RELOAD_H

#include "process/state.h"

/* The first generation, in two steps: between them the master makes sure that it is the only one.
 * Mistakes are logged; then NULL or ERR_IO. */
struct snapshot *reload_first_read(struct master *m);
MUST_CHECK int reload_first_open(struct master *m, struct snapshot *s); /* takes the snapshot */

/* Reads, checks, opens and starts a new generation. Only while reload.phase is RELOAD_IDLE. */
void reload_begin(struct master *m);
/* The same configuration with its files opened anew. Only while reload.phase is RELOAD_IDLE. */
void reload_renew(struct master *m);
/* The next step of what is under way, if it can be made. */
void reload_step(struct master *m, uint64_t now_ms);
/* Gives up what is under way, with a verdict. */
void reload_undo(struct master *m, const char *why);
/* When reload_step has something to do because of the time; UINT64_MAX without. */
uint64_t reload_next_ms(const struct master *m);

#endif
