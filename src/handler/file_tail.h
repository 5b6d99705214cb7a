/*
 * file_tail.h - tells a file that grows from one that became another: by the last bytes that were
 * sent of it.
 *
 * A log that is sent while lines are added to it is whole. A file that is cut and written anew, in
 * place, looks the same by its size and times once it is longer than it was: then what follows
 * does not belong to what was sent.
 */
#ifndef HANDLER_FILE_TAIL_H
#define HANDLER_FILE_TAIL_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Two lines of a log. */
enum { FILE_TAIL = 256 };

struct file_tail {
	uint64_t end; /* the offset behind them */
	unsigned len; /* 0: nothing was sent yet */
	char bytes[FILE_TAIL];
};

/* Remembers the end of `bytes`, or what stands in the file before `end` (0.3 us). */
void file_tail_set(struct file_tail *t, struct slice bytes, uint64_t end);
void file_tail_read(struct file_tail *t, int fd, uint64_t end);
/* Whether it stands there still. */
bool file_tail_matches(const struct file_tail *t, int fd);

#endif
