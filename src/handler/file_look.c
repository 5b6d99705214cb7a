/*
 * file_look.c - see file_look.h.
 */
#include "handler/file_look.h"

#include "app/module.h"
#include "event/loop.h"

#include <sys/stat.h>

/* The kernel does not drop pages that were used a moment ago. */
enum { RESIDENT_MS = 1000 };

/* 0 without a loop: then nothing is remembered. */
static uint64_t now_ms(void)
{
	return app_worker.loop ? loop_now_ms(app_worker.loop) : 0;
}

static bool seen_now(const struct file_entry *e)
{
	return e->fd < 0 || (e->unchanged_ms && e->unchanged_ms == now_ms());
}

static bool read_stamp(const struct file_entry *e, struct file_stamp *now)
{
	struct stat st;
	if (fstat(e->fd, &st) < 0)
		return false;
	file_stamp_from(now, &st);
	/* Unlinking or renaming changes ctime, but not one byte. */
	now->changed = e->stamp.changed;
	return true;
}

bool file_look_afresh(const struct file_entry *e)
{
	struct file_stamp now;
	return e->fd < 0 || (read_stamp(e, &now) && file_stamp_equal(&now, &e->stamp));
}

bool file_look_unchanged(struct file_entry *e)
{
	if (seen_now(e))
		return true;
	if (!file_look_afresh(e))
		return false;
	e->unchanged_ms = now_ms();
	return true;
}

/* Several turns may have the same millisecond, and a thread's work can fit in between. */
bool file_look_again(struct file_entry *e)
{
	e->unchanged_ms = 0;
	return file_look_unchanged(e);
}

bool file_look_keeps(const struct file_entry *e, struct file_stamp *now_out)
{
	if (!read_stamp(e, now_out))
		return false;
	return now_out->size > e->stamp.size || file_stamp_equal(now_out, &e->stamp);
}

bool file_look_resident(struct file_entry *e, uint64_t first, uint64_t length)
{
	uint64_t now = now_ms(), end = first + length;
	if (e->fd < 0 || length == 0)
		return true;
	bool known = e->resident_ms && now - e->resident_ms < RESIDENT_MS;
	if (known && e->resident_first <= first && end <= e->resident_end)
		return true;
	if (!file_resident(e->fd, first, length))
		return false;
	/* Runs of one download follow each other: one range is remembered, the latest. */
	if (!known || first > e->resident_end || end < e->resident_first) {
		e->resident_first = first;
		e->resident_end = end;
		e->resident_ms = now;
		return true;
	}
	e->resident_first = first < e->resident_first ? first : e->resident_first;
	e->resident_end = end > e->resident_end ? end : e->resident_end;
	return true;
}
