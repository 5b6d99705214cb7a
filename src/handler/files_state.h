/*
 * files_state.h - what the files of one route are: made by files.c when a worker starts, then never
 * changed, so that threads may read it.
 */
#ifndef HANDLER_FILES_STATE_H
#define HANDLER_FILES_STATE_H

#include "app/compress.h"
#include "base/slice.h"
#include "handler/file_age.h"
#include "handler/file_open.h"
#include "http/media.h"

/* One element of `try`: text around the path. */
struct files_try {
	struct slice before;
	struct slice after;
	bool has_path;
};

struct files {
	unsigned id; /* of this route in the cache */
	struct file_root root;
	bool takes_rest; /* the pattern's "*" is the path below the root, not the whole path */
	bool listing;
	bool hidden; /* names that begin with a dot are shown */
	bool write;  /* PUT, POST and DELETE are answered */
	struct config_strings index;
	struct files_try *tries; /* at least the path itself */
	unsigned try_count;
	struct slice fallback; /* relative to the root; ptr NULL: none */
	struct file_ages ages;
	const struct media_table *types;
	bool precompressed; /* siblings such as page.html.gz are taken */
	struct compress compress;
};

#endif
