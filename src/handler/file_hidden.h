/*
 * file_hidden.h - names below a root that are not for visitors.
 */
#ifndef HANDLER_FILE_HIDDEN_H
#define HANDLER_FILE_HIDDEN_H

#include <stdbool.h>

/* What uploads that are under way begin with where they need a name: never shown, never taken. */
#define SCRATCH_PREFIX ".upload~"

/* Whether a part of the path begins with a dot, ".well-known" at the front left out (RFC 8615);
 * with `dots_shown` only names of unfinished uploads are hidden. */
bool file_hidden(const char *path, bool dots_shown);

#endif
