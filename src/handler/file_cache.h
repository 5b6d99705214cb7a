/*
 * file_cache.h - the entries of a worker by route and path: bounded in number, bytes and
 * descriptors.
 *
 * What is in it may be up to a second old (FILE_VALID_MS), then it has to be confirmed. Which
 * entries stay is decided by a segmented LRU: newcomers stand on probation, and one that is asked
 * for again after its first second is protected from a crowd of newcomers that nobody asks for
 * twice. Paths that lead nowhere are kept like files, but always on probation.
 */
#ifndef HANDLER_FILE_CACHE_H
#define HANDLER_FILE_CACHE_H

#include "handler/file_entry.h"

enum { FILE_VALID_MS = 1000 };

struct file_cache_limits {
	unsigned entries;
	size_t bytes;
	unsigned descriptors;
};

/* One a process. Clears what was there. Without this call nothing is kept. */
void file_cache_init(const struct file_cache_limits *limits);
void file_cache_fini(void);

/*
 * Files were changed by ourselves: from now on nothing is fresh until it was confirmed. That is all
 * entries, since one file may be known by many: as an index, of several routes, as missing. What is
 * being read at the time belongs to the round in which that began.
 */
void file_cache_doubt(void);
extern unsigned file_cache_round; /* file_cache.c's; for others to read */

/* Secret of the process in it: a peer can not choose paths that collide. */
uint64_t file_cache_hash(unsigned files_id, struct slice path);

/* Borrowed until the loop goes on. NULL without one. Whether it still holds is for file_cache_fresh
 * to say. */
struct file_entry *file_cache_find(uint64_t hash, unsigned files_id, struct slice path);
static inline bool file_cache_fresh(const struct file_entry *e, uint64_t now_ms)
{
	return now_ms - e->checked_ms < FILE_VALID_MS && e->round == file_cache_round;
}

/* It still holds, as of this round. */
void file_cache_confirm(struct file_entry *e, uint64_t now_ms);
/* Puts it in place of what was known of its path; the cache takes a reference of its own.
 * FILE_FAILED is not kept. */
void file_cache_put(struct file_entry *e, uint64_t hash, uint64_t now_ms);
void file_cache_drop(struct file_entry *e);
/* What hangs on the entry takes so much now; this may push out others, or the entry itself. */
void file_cache_carry(struct file_entry *e, size_t bytes, unsigned descriptors);

/* For tests and --status. */
struct file_cache_use {
	unsigned entries;
	unsigned proven;
	unsigned descriptors;
	size_t bytes;
};
struct file_cache_use file_cache_use(void);

#endif
