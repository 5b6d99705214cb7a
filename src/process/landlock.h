/*
 * landlock.h - confines this process to some paths (landlock(7)).
 *
 *   landlock_open → fd;  landlock_allow for each path;  landlock_close
 */
#ifndef PROCESS_LANDLOCK_H
#define PROCESS_LANDLOCK_H

#include "base/error.h"

#include <stdbool.h>

/* The ABI that the kernel offers; 0 for none. */
int landlock_abi(void);

/* A set of rules under which nothing is permitted yet; with `executes` programs can be started from
 * everywhere. ERR_IO with errno. */
MUST_CHECK int landlock_open(bool executes);

/* What lies at and below the path may be read; with `write` also written, made and removed. A path
 * that does not exist is nothing to permit: OK. ERR_IO with errno. */
MUST_CHECK int landlock_allow(int rules, const char *path, bool write);

/* From now on and for good, for this thread and what it starts. Needs no_new_privs. Closes the
 * rules. ERR_IO with errno. */
MUST_CHECK int landlock_close(int rules);

#endif
