/*
 * files.h - the handler of files: static sites, single-page applications, directories.
 */
#ifndef HANDLER_FILES_H
#define HANDLER_FILES_H

#include "app/module.h"

struct files_type { /* a row of files.types */
	const char *suffix;
	const char *type;
};

struct files_age { /* a row of files.ages */
	struct config_strings types;
	int64_t max_age;
};

struct files_settings {
	const char *root; /* of a route: takes what "*" stands for */
	struct config_strings index;
	struct config_strings try_list;
	const char *fallback;
	bool listing;
	bool follow_links;
	bool hidden;
	bool precompressed;
	bool write;
	bool write_open;           /* nobody need say who he is */
	int64_t max_age;           /* milliseconds; 0: no Cache-Control */
	struct config_groups ages; /* struct files_age: other ages for some types */
	bool immutable;
	struct config_groups types; /* struct files_type */
};

struct file_cache_settings {
	int64_t entries;
	int64_t size;
};

extern const struct key_group files_group, file_cache_group;
extern const struct handler files_handler;

/* Calls fn for each directory that a site's files are read from: for the sandbox. */
void files_each_root(const struct config_scope *site,
    void (*fn)(void *ctx, const char *path, bool write), void *ctx);

#endif
