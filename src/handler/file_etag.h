/*
 * file_etag.h - the entity tag of a file as it is: the same whoever makes it, who sends the file or
 * who has just stored it.
 */
#ifndef HANDLER_FILE_ETAG_H
#define HANDLER_FILE_ETAG_H

#include "base/slice.h"

#include <stdint.h>
#include <time.h>

enum { FILE_ETAG_MAX = 48 };

/*
 * Strong: size and time in nanoseconds change with the bytes; the inode is left out, so that copies
 * on several machines that keep times agree. (Section 8.8.1 of RFC 9110.) The slice is in text_out.
 */
struct slice file_etag(uint64_t size, struct timespec modified, char text_out[FILE_ETAG_MAX]);

#endif
