/*
 * file_copy.h - sends bytes of a file that was written to a moment ago: through memory, not as
 * pages of the file.
 *
 * What sendfile hands to a socket are the kernel's pages of the file itself. Somebody who writes to
 * the file in place (truncates it in the middle of a page, say) changes what is still on its way.
 * Whoever did so a moment ago may do so again; a file that has been left alone goes by sendfile.
 */
#ifndef HANDLER_FILE_COPY_H
#define HANDLER_FILE_COPY_H

#include "handler/file_entry.h"
#include "handler/file_tail.h"

/* Copied at a time. */
enum { FILE_COPY_RUN = 64 << 10 };

/* Whether the entry's file is to be sent in this way. */
bool file_copy_due(const struct file_entry *e);

/*
 * Appends a copy of these bytes (length <= FILE_COPY_RUN), read while nothing changed in the file,
 * which still has what was promised; their end goes to `tail`. ERR_IO if it has not, or will not
 * stand still, and nothing is appended.
 */
MUST_CHECK int file_copy(
    struct file_entry *e, struct outq *q, uint64_t first, uint64_t length, struct file_tail *tail);

#endif
