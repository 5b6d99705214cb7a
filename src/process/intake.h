/*
 * intake.h - takes a configuration up: reads, checks, opens. Nothing that runs is touched.
 */
#ifndef PROCESS_INTAKE_H
#define PROCESS_INTAKE_H

#include "process/state.h"

/* Reads and checks. NULL with the mistakes in the report. */
struct snapshot *intake_read(struct master *m, struct config_report *report);

/*
 * Opens what the configuration (it is taken) needs: a generation ready to be started, or NULL with
 * the mistakes in the report and everything closed again.
 */
struct generation *intake_open(struct master *m, struct snapshot *s, struct config_report *report);

/* The opposite, for a generation that is not to serve (any more): closes the sockets that nobody
 * else uses. */
void intake_close(struct master *m, struct generation *g, const struct generation *heir);

/* Finds out who workers will be; for the first configuration only. */
MUST_CHECK int intake_privileges(
    const struct snapshot *s, struct privileges *out, struct config_report *report);

#endif
