/*
 * pidfile.h - the file that says which process is the master, locked as long as that is true.
 */
#ifndef PROCESS_PIDFILE_H
#define PROCESS_PIDFILE_H

#include "base/error.h"

#include <sys/types.h>

struct pidfile {
	char *path; /* owned; NULL: there is none */
	int fd;
};

void pidfile_init(struct pidfile *p);

/*
 * Makes the file, locks it and writes this process' pid. ERR_DENIED when another process holds it
 * (its pid in *holder_out, 0 if that can not be read), ERR_IO with errno.
 */
MUST_CHECK int pidfile_open(struct pidfile *p, const char *path, pid_t *holder_out);

/* Gives the lock up to a successor, who writes his own pid. */
void pidfile_release(struct pidfile *p);

/* Removes the file, unless somebody else holds the lock by now. */
void pidfile_close(struct pidfile *p);

#endif
