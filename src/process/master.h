/*
 * master.h - the process that holds the sockets, starts and replaces workers, and obeys signals.
 */
#ifndef PROCESS_MASTER_H
#define PROCESS_MASTER_H

#include "config/load.h"
#include "process/group.h"

struct master_options {
	const struct config_request *config;      /* read again at each reload */
	const struct worker_group *const *groups; /* NULL-terminated */
	bool daemon;
	char **argv; /* to start the binary anew. For titles main calls title_init (process/title.h)
			first of all */
	/* Called once the first generation accepts, for the line that greets in the foreground. May
	 * be NULL. */
	void (*greet)(const struct snapshot *s, const struct listener_set *listeners);
};

/* Runs until told to stop; returns the exit status: 0 stopped as asked, 1 could not start or
 * failed. */
int master_run(const struct master_options *options);

/* What the master checks beyond config_load before it takes a configuration up: the workers' user,
 * and the groups' own checks for it. */
void master_check(const struct snapshot *s, const struct worker_group *const *groups,
    struct config_report *report);

/* Makes this process, for good, the user that workers of the configuration would be. ERR_DENIED
 * with a line in the log. For commands that look at things with their eyes. */
MUST_CHECK int master_become_worker(const struct snapshot *s);

/* Where the master of this configuration listens for commands; NULL: nowhere. In static storage. */
const char *control_path(const struct snapshot *s);
/* The same without the key `control`, for the file or directory that is served. */
const char *control_path_default(const char *served);

/* The other side: sends a command over the control socket, prints the verdict on standard output;
 * exit status. */
int control_send(const char *socket_path, const char *command);

#endif
