/*
 * media.h - the media type of a file by its name.
 *
 * A built-in list, which a mime.types file and rows of the configuration may extend and override.
 * Text types carry charset=utf-8.
 */
#ifndef HTTP_MEDIA_H
#define HTTP_MEDIA_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

struct media_table;

/* Made in the arena, lives as long. `base` (NULL: only what is built in) is asked for what the new
 * table does not know. */
struct media_table *media_new(struct arena *a, const struct media_table *base);

/* `suffix` with or without its dot, "tar.gz" too; either case. The last one added for a suffix
 * counts. */
void media_add(struct media_table *t, struct slice suffix, struct slice type);

/*
 * Reads a mime.types file: "type suffix suffix ...", "#" begins a comment. ERR_IO with errno;
 * ERR_FULL for one of more than MEDIA_FILE_MAX bytes. Lines that are not of this form are skipped:
 * such files come with every system and nobody reads them.
 */
enum { MEDIA_FILE_MAX = 1 << 20 };
MUST_CHECK int media_load(struct media_table *t, const char *path);

/* For the last part of a path: by its longest known suffix, "application/octet-stream" without one.
 * NULL table: what is built in. */
struct slice media_find(const struct media_table *t, struct slice name);

/* Whether a type without parameters is of a pattern: "text/html", "text/" or "application/" and a
 * star, one star anywhere ("application/" star "+json"); case does not count. */
bool media_matches(struct slice type, struct slice pattern);

/* Whether it looks like "type/subtype", perhaps with parameters. */
bool media_type_valid(struct slice type);

#endif
