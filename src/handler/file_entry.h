/*
 * file_entry.h - what a worker knows of one path: with everything that an answer needs ready-made.
 *
 * Reference-counted: the cache holds one reference, each response that sends from it another. Only
 * the loop's thread touches it.
 */
#ifndef HANDLER_FILE_ENTRY_H
#define HANDLER_FILE_ENTRY_H

#include "base/list.h"
#include "handler/file_head.h"

struct file_variants;

struct file_entry {
	struct owner owner;

	/* The cache's. */
	struct file_entry *next; /* in its place of the table */
	struct list node;        /* in the order of use */
	uint64_t hash;
	uint64_t checked_ms; /* when it was last known to be true */
	unsigned round;      /* in which that was, see file_cache_doubt */
	bool cached;
	bool proven; /* asked for again after a while: in the protected part */

	unsigned files_id;
	struct slice path; /* relative to the root */

	enum file_kind kind;
	int error; /* errno of FILE_FAILED */

	/* Of a regular file. */
	int fd;            /* -1 when the body is in memory */
	struct slice body; /* ptr NULL when it is not */
	const char *index;
	struct file_stamp stamp;
	bool racy; /* written so shortly before it was read that its time may not tell the next
		      change */
	uint64_t unchanged_ms; /* file_look.c's: when that was last seen; 0: never */
	uint64_t resident_ms;  /* likewise: when these bytes were seen in the page cache */
	uint64_t resident_first;
	uint64_t resident_end;
	struct slice type;
	struct slice cache_control; /* of the route's settings */
	struct file_head head;
	bool varies;                    /* it may be sent in a content coding */
	struct file_variants *variants; /* those; NULL until one is asked for */
	size_t carried_bytes;           /* file_cache_carry's: what the variants take */
	unsigned carried_descriptors;
};

/* Takes what `found` holds. One reference is the caller's. */
struct file_entry *file_entry_new(
    const struct files *f, struct slice path, struct file_found *found);

/* Whether `found` says what the entry says: the same file, unchanged. */
bool file_entry_holds(const struct file_entry *e, const struct file_found *found);

/* Bytes it occupies, about, without its variants. */
size_t file_entry_size(const struct file_entry *e);

#endif
