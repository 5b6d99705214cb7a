/*
 * status.h - the answer to --status.
 */
#ifndef PROCESS_STATUS_H
#define PROCESS_STATUS_H

#include "process/state.h"

/* As control_status_fn; ctx is the master. */
void status_write(void *ctx, struct buf *out);

#endif
