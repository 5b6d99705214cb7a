/*
 * file_tail.c - see file_tail.h. Called by file_source.c.
 */
#include "handler/file_tail.h"

#include <string.h>
#include <unistd.h>

void file_tail_set(struct file_tail *t, struct slice bytes, uint64_t end)
{
	t->end = end;
	t->len = bytes.len < FILE_TAIL ? (unsigned)bytes.len : FILE_TAIL;
	memcpy(t->bytes, bytes.ptr + bytes.len - t->len, t->len);
}

void file_tail_read(struct file_tail *t, int fd, uint64_t end)
{
	unsigned len = end < FILE_TAIL ? (unsigned)end : FILE_TAIL;
	ssize_t n = pread(fd, t->bytes, len, (off_t)(end - len));
	t->end = end;
	t->len = n == (ssize_t)len ? len : 0;
}

bool file_tail_matches(const struct file_tail *t, int fd)
{
	char now[FILE_TAIL];
	if (t->len == 0)
		return true;
	ssize_t n = pread(fd, now, t->len, (off_t)(t->end - t->len));
	return n == (ssize_t)t->len && memcmp(now, t->bytes, t->len) == 0;
}
