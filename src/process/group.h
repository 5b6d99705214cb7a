/*
 * group.h - a kind of worker. The master knows nothing of what workers do: a group tells it how
 * many to run, what to open before privileges are dropped, and what to call in the child.
 */
#ifndef PROCESS_GROUP_H
#define PROCESS_GROUP_H

#include "base/buf.h"
#include "config/report.h"
#include "config/snapshot.h"
#include "net/listener.h"

struct worker;

struct worker_group {
	const char *name; /* "web": stands in titles, logs and status */
	/* How many workers this configuration wants. */
	unsigned (*count)(const struct snapshot *s);
	/* Master, privileged, while a configuration is taken up: says what listeners are wanted (in
	 * the snapshot's arena). */
	size_t (*listens)(const struct snapshot *s, const struct listen_spec **specs_out);
	/* Master, privileged: opens files (logs, certificates) that workers need. Mistakes go to
	 * the report. What it returns is the generation's: workers find it in their heritage, and
	 * it is given back with `close`. May be NULL. */
	void *(*open)(const struct snapshot *s, struct config_report *report);
	/* The generation has ended, or never began. May be NULL. */
	void (*close)(void *opened);
	/* Master, once a minute: whether files have changed so that all is to be opened anew, with
	 * the same configuration. May be NULL. */
	bool (*look)(void *opened);
	/* Lines for --status; `opened` may be NULL, if that is what `open` returned. May be NULL.
	 */
	void (*status)(const void *opened, struct buf *out);
	/* Master: open log files anew. May be NULL. */
	void (*reopen)(void);
	/* Checks that need the file system and the worker's user, for --test and reload: --test
	 * calls it with the uid that workers will have. May be NULL. */
	void (*check)(const struct snapshot *s, uid_t uid, gid_t gid, struct config_report *report);
	/* Child, privileges dropped, sandbox not yet closed: makes everything ready, then calls
	 * worker_ready and runs until told to end. Returns the exit status. */
	int (*run)(struct worker *w);
	/* Paths the sandbox has to leave open. Child, in worker_ready. May be NULL. */
	void (*sandbox)(const struct snapshot *s,
	    void (*allow)(void *ctx, const char *path, bool write), void *ctx);
	/* Whether workers of this configuration start programs (CGI). NULL: they do not, and the
	 * sandbox makes it impossible. */
	bool (*executes)(const struct snapshot *s);
	/*
	 * Descriptors of its own that survive into the child (logs), beside what heritage.h lists;
	 * returns their number. After `reopen` the master asks again and passes the i-th to each
	 * worker as `reopened` with index i: a log without a descriptor (syslog) keeps its place
	 * with -1. May be NULL.
	 */
	size_t (*keep)(int *fds_out, size_t room);
};

#endif
