/*
 * sandbox.h - what a worker that was taken over by an attacker can still do: read the sites,
 * answer, and little else.
 *
 * Landlock confines it to the paths its group names, a seccomp filter takes away the calls that no
 * worker makes. Either may be missing in the kernel; then the server works without, and --status
 * says so.
 */
#ifndef PROCESS_SANDBOX_H
#define PROCESS_SANDBOX_H

#include "process/heritage.h"

#include <stddef.h>
#include <stdint.h>

/* In a worker, when it has opened what it needs. Returns the SANDBOX_* bits that are in force now;
 * a part that fails is logged. */
uint32_t sandbox_close(const struct heritage *h);

/* "landlock, seccomp", "seccomp", "none". */
void sandbox_describe(uint32_t parts, char *text_out, size_t room);

/* What this kernel offers, for --version: SANDBOX_* bits. */
uint32_t sandbox_offered(void);

#endif
