/*
 * compress.h - the settings of `compress`: which content is compressed, how, and how well.
 *
 * Shared by the handlers that keep what they compress and by whatever compresses content while it
 * passes.
 */
#ifndef APP_COMPRESS_H
#define APP_COMPRESS_H

#include "config/report.h"
#include "config/snapshot.h"
#include "http/coding.h"

struct compress_settings {
	bool enabled;
	struct config_strings types;
	int64_t min_size;
	struct config_strings codings;
	int64_t level;
};

extern const struct key_group compress_group;

/* What is in force at a route. Borrows from the snapshot. */
struct compress {
	bool enabled;     /* content may be compressed here */
	unsigned codings; /* CODING_BIT of those that are made */
	int level;        /* 1 to 9 */
	uint64_t min_size;
	struct config_strings types;
};

/* Off where no scope around says anything of it. The other settings are there even so. */
void compress_of(const struct config_scope *route, struct compress *out);

/* Whether content of this type gains by it. Parameters ("; charset=utf-8") do not count; what is
 * compressed by its nature (pictures, archives) never does. */
bool compress_suits(const struct compress *c, struct slice type);

/* A level of 1 (quick) to 9 (small) on the scale of the coding's own library. */
int compress_level(enum coding c, int level);
/* Likewise, for content that is compressed in the loop while it passes, once for each response. */
int compress_level_passing(enum coding c, int level);

#endif
