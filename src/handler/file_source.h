/*
 * file_source.h - the content of a response from a file that is not in memory as a whole, or of
 * which several ranges go out with text around them.
 */
#ifndef HANDLER_FILE_SOURCE_H
#define HANDLER_FILE_SOURCE_H

#include "handler/file_entry.h"

/* Text (its memory is the request's arena), then a run of the file's bytes. */
struct file_segment {
	struct slice head;
	uint64_t first;
	uint64_t length;
};

/*
 * In the request's arena. Holds a reference to the entry. `segments` stay where they are. What the
 * segments promise is sent, or the source fails: also when the file changes on the way.
 */
struct source *file_source_new(
    struct request *r, struct file_entry *e, struct file_segment *segments, unsigned count);

#endif
