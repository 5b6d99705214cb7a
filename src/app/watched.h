/*
 * watched.h - a small file that is read again when it has changed, looked at no more than once a
 * second: so that nobody has to reload the server for a new password or a new key.
 */
#ifndef APP_WATCHED_H
#define APP_WATCHED_H

#include "base/buf.h"

#include <stdint.h>
#include <sys/stat.h>

struct watched {
	const char *path; /* borrowed; the rest is zero at first */
	const char *what; /* for the log: "password file" */
	size_t max;       /* bytes; larger ones are not read */
	uint64_t looked_ms;
	struct stat seen;
	bool loaded;
	bool complained;
};

/* True if the file is new since the last call that said so, with its bytes in content_out (made
 * here; the caller frees it). One that can not be read is complained of once, and false. */
bool watched_look(struct watched *w, uint64_t now_ms, struct buf *content_out);

/* The bytes of a file of at most `max`; the buffer is made here. ERR_IO with errno (EFBIG: larger).
 */
MUST_CHECK int watched_read(
    const char *path, size_t max, struct stat *st_out, struct buf *content_out);

#endif
