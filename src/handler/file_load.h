/*
 * file_load.h - gets the entry of a path: out of the cache, from the file system at once, or
 * through a thread when a disk is in the way.
 */
#ifndef HANDLER_FILE_LOAD_H
#define HANDLER_FILE_LOAD_H

#include "handler/file_entry.h"

/* A request that waits for a path. In the request's arena. */
struct file_waiter;
typedef void (*file_waiter_fn)(struct file_waiter *w, struct file_entry *e);
struct file_waiter {
	struct list node;
	struct request *request;
	const struct files *files;
	unsigned at; /* the waiter's own: which of `try` it asks for */
	file_waiter_fn on_loaded;
};

/* The clock by which entries grow old. */
uint64_t file_load_clock_ms(void);

/* The entry of `path`, known to be true within the last second; a reference for the caller. NULL: a
 * disk is in the way; ask file_load_wait. */
struct file_entry *file_load_now(const struct files *f, struct slice path);

/* on_loaded follows, once, with a borrowed entry, unless the request ends before. Requests for the
 * same path share one reading. ERR_FULL: too much is being read already. */
MUST_CHECK int file_load_wait(struct file_waiter *w, struct slice path);

#endif
