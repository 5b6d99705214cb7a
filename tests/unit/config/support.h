/*
 * support.h - loads configurations from text for the tests of config/, with a few groups of a
 * module that does not exist.
 */
#ifndef CONFIG_TEST_SUPPORT_H
#define CONFIG_TEST_SUPPORT_H

#include "base/buf.h"
#include "config/core.h"
#include "config/load.h"

/* One key of each type. */
struct all_inner {
	const char *path;
	int64_t interval;
	bool active;
};
struct all_settings {
	bool truth;
	int64_t number;
	double ratio;
	double rate;
	const char *text;
	int64_t duration;
	int64_t size;
	int choice;
	int64_t mode;
	struct config_strings strings;
	struct config_ints ints;
	struct all_inner inner;
	struct config_groups many;
};
/* Named, at the top level, in sites and in routes. */
extern const struct key_group all_group;
extern const struct key_group all_inner_group;

/* As handler/files has it. */
struct files_settings {
	struct config_strings index;
	bool listing;
	const char *root;
};
extern const struct key_group files_group;

/* Without a name, in sites and in routes. */
struct gate_settings {
	struct config_strings allow;
	int64_t burst;
};
extern const struct key_group gate_group;

struct support {
	char dir[64];
	struct config_request request; /* may be changed before a load */
	struct snapshot *snapshot;     /* of the last load */
	struct buf lines; /* of its report, without the directory; one "\n" behind each */
	size_t mistakes;
	size_t warnings;
};

void support_init(struct support *t);
void support_fini(struct support *t);
void support_file(const struct support *t, const char *name, const char *text);
/* Writes "httpd.conf" and loads it; text NULL: without a file. The snapshot is given back at the
 * next load. */
struct snapshot *support_load(struct support *t, const char *text);
/* As support_load, and the report's lines are to be these. */
void support_expect(struct support *t, const char *text, const char *lines);
/* Borrowed until the next load. */
const char *support_lines(struct support *t);
const char *support_dump(struct support *t, struct buf *out);

#endif
