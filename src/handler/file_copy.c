/*
 * file_copy.c - see file_copy.h. Called by file_source.c.
 */
#include "handler/file_copy.h"

#include "app/module.h"
#include "base/mem.h"
#include "event/loop.h"
#include "handler/file_look.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

/* Longer than somebody who writes in place pauses; short enough that a site just deployed is soon
 * sent at full speed. */
enum { LEFT_ALONE_S = 5 };

/* A run is read in some 10 us: who writes a log line in between does not do so three times. */
enum { TRIES = 3 };

struct copy {
	struct owner owner;
	char bytes[];
};

static void on_unused(struct owner *o)
{
	mem_free(CONTAINER_OF(o, struct copy, owner));
}

/* The change time is the kernel's own: it can not be set, as the modification time can. */
bool file_copy_due(const struct file_entry *e)
{
	if (e->fd < 0 || !app_worker.loop)
		return false;
	return loop_wall_s(app_worker.loop) - e->stamp.changed.tv_sec < LEFT_ALONE_S;
}

static bool read_all(int fd, char *to, uint64_t first, uint64_t length)
{
	for (uint64_t done = 0; done < length;) {
		ssize_t n = pread(fd, to + done, length - done, (off_t)(first + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (uint64_t)n;
	}
	return true;
}

static bool read_at_rest(const struct file_entry *e, char *to, uint64_t first, uint64_t length)
{
	struct file_stamp before, after;
	return file_look_keeps(e, &before) && read_all(e->fd, to, first, length) &&
	       file_look_keeps(e, &after) && file_stamp_equal(&before, &after);
}

int file_copy(
    struct file_entry *e, struct outq *q, uint64_t first, uint64_t length, struct file_tail *tail)
{
	assert(length <= FILE_COPY_RUN);
	struct copy *c = mem_alloc(sizeof(*c) + length);
	c->owner = (struct owner){ .refs = 1, .on_last = on_unused };
	bool good = false;
	for (int i = 0; i < TRIES && !good; i++)
		good = read_at_rest(e, c->bytes, first, length);
	if (good) {
		file_tail_set(tail, slice_of(c->bytes, length), first + length);
		outq_borrow(q, slice_of(c->bytes, length), &c->owner);
	}
	owner_release(&c->owner);
	return good ? OK : ERR_IO;
}
