/*
 * listing_read.h - a directory, read and put in order. Safe in any thread.
 */
#ifndef HANDLER_LISTING_READ_H
#define HANDLER_LISTING_READ_H

#include "base/buf.h"
#include "handler/files_state.h"

#include <stdint.h>
#include <time.h>

enum {
	LISTING_ENTRIES_MAX =
	    200000, /* 40 MiB of names and rows at the most; who has more needs another tool */
	LISTING_READ_MS = 10000, /* a disk that is slower is broken */
	README_MAX = 64 << 10,   /* shown; longer ones are to be opened */
};

enum listing_sort { LISTING_NAME, LISTING_SIZE, LISTING_DATE };

struct listing_row {
	const char *name;
	bool directory;
	uint64_t size;
	time_t modified;
};

struct listing {
	struct listing_row *rows;
	size_t count;
	size_t cap;
	bool cut; /* there is more than LISTING_ENTRIES_MAX, or than could be read in time */
	struct buf readme;
	const char *readme_name; /* NULL: none */
};

/* ERR_NOTFOUND, ERR_DENIED, ERR_IO with errno. `out` is to be given to listing_fini in any case. */
MUST_CHECK int listing_read(struct listing *out, const struct files *f, const char *path);
void listing_fini(struct listing *l);

/* Directories first. */
void listing_sort(struct listing *l, enum listing_sort by, bool descending);

/* As people count: img2 before img10, small and capital letters alike (ASCII). */
int listing_compare_names(const char *a, const char *b);

#endif
