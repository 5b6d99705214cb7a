/*
 * file_encode.h - makes variants of files in the threads of the pool: a quick one while a visitor
 * waits, later a small one in its place.
 */
#ifndef HANDLER_FILE_ENCODE_H
#define HANDLER_FILE_ENCODE_H

#include "handler/file_variant.h"

/* A request that waits for a variant. In the request's arena. */
struct encode_waiter;
typedef void (*encode_waiter_fn)(struct encode_waiter *w, bool ok);
struct encode_waiter {
	struct list node;
	struct request *request;
	encode_waiter_fn on_encoded;
};

/* Whether this may be tried at all: there are threads, and it is not too much. */
bool file_encode_can(const struct file_entry *e);

/*
 * on_encoded follows, once, unless the request ends before: ok says that there is a variant now, or
 * that it is not worth it; not ok that the file has changed on the way or could not be read.
 * Requests for the same variant share one making. ERR_FULL: too many are being made.
 */
MUST_CHECK int file_encode_wait(
    struct encode_waiter *w, const struct files *f, struct file_entry *e, enum coding c);

/* For a variant that is `quick`: begins to make the small one, if there is time for it now. */
void file_encode_small(const struct files *f, struct file_entry *e, enum coding c);

#endif
