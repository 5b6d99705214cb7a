/*
 * file_find.h - what a path below a root is: a file (perhaps a directory's index), a directory,
 * nothing.
 */
#ifndef HANDLER_FILE_FIND_H
#define HANDLER_FILE_FIND_H

#include "handler/files_state.h"

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

enum file_kind {
	FILE_MISSING,   /* 404 */
	FILE_BARE,      /* a directory without an index that is not to be listed: 403 */
	FILE_FORBIDDEN, /* 403: no permission, or not a thing to read */
	FILE_FAILED,    /* 500, 503: never cached */
	FILE_DIRECTORY, /* the path lacks its slash: redirect */
	FILE_LISTING,   /* a directory to be listed */
	FILE_REGULAR,
};

/* What tells one state of a file from another. */
struct file_stamp {
	dev_t dev;
	ino_t ino;
	uint64_t size;
	struct timespec modified;
	struct timespec changed;
};

struct file_found {
	enum file_kind kind;
	int fd;            /* of a regular file; -1 otherwise */
	int error;         /* errno of FILE_FAILED */
	const char *index; /* the name in `index` that it was found by; NULL: by its own */
	struct file_stamp stamp;
	char *body; /* all of it, from mem_alloc; NULL if it is larger than FILE_SMALL or empty */
};

/* Up to here a file's bytes are kept in memory: it costs less than a descriptor and a sendfile
 * call. */
enum { FILE_SMALL = 64 << 10 };

/*
 * Looks for `path` (no slash in front; ends with one for a directory) and reads it if it is small.
 * ERR_AGAIN when it would have to wait for a disk and `may_block` is false; *out is empty then. The
 * caller takes fd and body. Safe in any thread.
 */
MUST_CHECK int file_find(
    const struct files *f, const char *path, bool may_block, struct file_found *out);
void file_found_fini(struct file_found *found);

void file_stamp_from(struct file_stamp *out, const struct stat *st);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);

/* Whether reading these bytes would not wait for a disk, as far as one can tell. */
bool file_resident(int fd, uint64_t at, uint64_t len);

#endif
