/*
 * health_look.h - what health looks at: files that are to be there, room on disks. Private to
 * handler/.
 */
#ifndef HANDLER_HEALTH_LOOK_H
#define HANDLER_HEALTH_LOOK_H

#include "base/buf.h"
#include "config/keys.h"

struct health_settings {
	bool ready;
	struct config_strings files;
	struct config_groups disks; /* struct health_disk */
};

struct health_disk {
	const char *path;
	int64_t free; /* bytes */
};

enum health_kind { HEALTH_FILE, HEALTH_DISK };

struct health_check {
	enum health_kind kind;
	const char *path;
	uint64_t wanted; /* bytes */
	uint64_t found;
	int error; /* errno; 0: it could be looked at */
	bool passed;
};

/* Fills in kind, path and wanted of each; returns their number. With list_out NULL only that. */
size_t health_checks(const struct health_settings *s, struct health_check *list_out);
/* Asks the file system: may take as long as that likes. */
void health_look(struct health_check *list, size_t count);
/* {"status":"ok","checks":[...]}; paths and numbers only with `details`. ERR_FULL. */
MUST_CHECK int health_write(struct buf *out, const char *status, const struct health_check *list,
    size_t count, bool details);

#endif
