/*
 * file_look.h - a glance at an open file before its bytes are promised or sent: is it still what it
 * was, and at hand?
 *
 * What was seen is remembered in the entry for as long as it can hardly have become wrong, so that
 * a hot file is not looked at for each of thousands of requests a second.
 */
#ifndef HANDLER_FILE_LOOK_H
#define HANDLER_FILE_LOOK_H

#include "handler/file_entry.h"

/* Whether the file behind the entry's descriptor is as it was when it was read; in the present turn
 * of the loop, about a millisecond. */
bool file_look_unchanged(struct file_entry *e);

/* The same, whatever was seen in this turn: for who has reason to doubt it. */
bool file_look_again(struct file_entry *e);

/* The same, looked at now and not remembered: safe in any thread. */
bool file_look_afresh(const struct file_entry *e);

/* Whether it may still have the bytes that were promised: it is as it was, or it has grown (a log,
 * or something else by now: file_tail.h). Looked at now; what it is goes to now_out. */
bool file_look_keeps(const struct file_entry *e, struct file_stamp *now_out);

/* Whether these bytes can be sent without waiting for a disk, as far as one can tell. */
bool file_look_resident(struct file_entry *e, uint64_t first, uint64_t length);

#endif
