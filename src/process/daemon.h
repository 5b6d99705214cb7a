/*
 * daemon.h - leaving the terminal, but not before the server works.
 */
#ifndef PROCESS_DAEMON_H
#define PROCESS_DAEMON_H

#include "base/error.h"

#include <stdbool.h>

/* Opens /dev/null as each of descriptors 0 to 2 that is closed: otherwise a socket would get that
 * number and take what is printed. */
void daemon_fill_streams(void);

/* Standard streams to /dev/null. */
void daemon_detach_streams(void);

/*
 * Goes on in a child without a terminal. The parent stays until daemon_ready or the child's end,
 * and exits 0 or 1. Until then standard error is the user's. Returns the descriptor for
 * daemon_ready; ERR_IO with errno.
 */
MUST_CHECK int daemon_start(int *ready_fd_out);

/* Lets the parent go with 0 and the terminal, too. */
void daemon_ready(int ready_fd);

#endif
