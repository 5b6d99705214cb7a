/*
 * seccomp.h - takes system calls away from this process for good.
 */
#ifndef PROCESS_SECCOMP_H
#define PROCESS_SECCOMP_H

#include "base/error.h"

#include <stdbool.h>

bool seccomp_offered(void);

/*
 * Calls that no worker makes fail with EPERM from now on, in all threads: those that trace, mount,
 * load code into the kernel, change who one is, and (unless `executes`) start programs. Needs
 * no_new_privs. ERR_IO with errno.
 */
MUST_CHECK int seccomp_close(bool executes);

#endif
