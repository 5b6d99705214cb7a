/*
 * dump.h - the settings in force as text. Private to config/.
 */
#ifndef CONFIG_DUMP_H
#define CONFIG_DUMP_H

#include "base/buf.h"
#include "config/snapshot.h"

/* Four times what a file may have: a dump has every key and a comment for each. */
enum { DUMP_MAX = 64 << 20 };

/* As config_dump, without comments: equal for equal settings, wherever they come from. */
void dump_canonical(const struct snapshot *s, struct buf *out);

#endif
