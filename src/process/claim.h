/*
 * claim.h - the files that say who is the master: pid file and control socket.
 */
#ifndef PROCESS_CLAIM_H
#define PROCESS_CLAIM_H

#include "process/state.h"

/* Makes both as the configuration has them. ERR_DENIED when another master holds one, ERR_IO: it is
 * logged, and what was made is removed. */
MUST_CHECK int claim_files(struct master *m, const struct snapshot *s);

/* For a successor, or for one whose successor has failed: takes both from whoever has them. A
 * server without these files is better than none: what fails is logged only. */
void claim_inherited(struct master *m, const struct snapshot *s);

#endif
