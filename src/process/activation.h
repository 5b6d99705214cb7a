/*
 * activation.h - sockets from a service manager: LISTEN_PID, LISTEN_FDS (sd_listen_fds(3)).
 */
#ifndef PROCESS_ACTIVATION_H
#define PROCESS_ACTIVATION_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The number of descriptors that were passed to this process, from descriptor 3 on; fills in at
 * most `room` and closes what is more. Marks them close-on-exec and removes the variables, so that
 * no child takes them for its own.
 */
size_t activation_take(int *fds_out, size_t room);

/* The decision alone: how many descriptors these values promise to process `pid`. */
size_t activation_count(const char *listen_pid, const char *listen_fds, pid_t pid);

#endif
