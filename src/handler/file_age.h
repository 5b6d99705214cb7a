/*
 * file_age.h - how long a client may keep a file: the value of Cache-Control by its type and name.
 */
#ifndef HANDLER_FILE_AGE_H
#define HANDLER_FILE_AGE_H

#include "base/arena.h"
#include "handler/files.h"

struct file_age_row;

struct file_ages {
	const struct file_age_row *rows;
	unsigned count;
	struct slice others; /* the field's value for all other files; empty: no field */
	bool immutable;      /* names with a fingerprint never change */
};

/* Makes the values ready. Borrows from the settings. */
void file_ages_prepare(struct file_ages *ages, const struct files_settings *s, struct arena *a);

/* The value for a file of this name and media type; empty: no field. Lives as long as the arena. */
struct slice file_age_of(const struct file_ages *ages, struct slice name, struct slice type);

/* Whether a name carries a digest of its content, as build tools write it: app.3f2a9c1b.js,
 * index-BkX3d9aQ.css. */
bool file_age_fingerprinted(struct slice name);

#endif
