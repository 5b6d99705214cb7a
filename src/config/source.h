/*
 * source.h - the text of a configuration, its includes put in their places. Private to config/.
 *
 * Includes are resolved here and not by libconfig, so that a missing one is one mistake among
 * others and every line knows its file, whatever the library's version.
 */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/report.h"

struct source_line {
	const char *file;
	int line;
};

struct source {
	struct arena *arena; /* of the file names, which outlive the source */
	struct config_report *report;
	struct buf text;
	struct source_line *lines; /* by line of `text`, the first is [0] */
	size_t count;
	size_t room;
	bool broken; /* a string or a comment does not end: what follows is not to be believed */
};

/* ERR_IO or ERR_FULL when not even the file itself can be read. All that is wrong is in the report.
 */
MUST_CHECK int source_read(
    struct source *s, const char *path, struct arena *arena, struct config_report *report);
void source_fini(struct source *s);

/* Of a line of `text`, counted from 1 as libconfig does; one past the end is the last one. */
struct config_place source_place(const struct source *s, unsigned line);

#endif
