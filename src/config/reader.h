/*
 * reader.h - from libconfig's tree to scopes and settings. Private to config/.
 */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/scope.h"
#include "config/source.h"

#include <libconfig.h>

/* What is needed to read a tree: where its lines stand and where mistakes go. */
struct reader {
	struct snapshot *snapshot;
	struct config_report *report;
	const struct source
	    *source; /* NULL: the tree is no file's, its settings come from `origin` */
	const char *origin;
	bool partial; /* the file was not read to its end: nothing is said to be missing */
};

/* A value that stands in no file. */
struct text_value {
	const char *text;   /* NULL: not given */
	const char *name;   /* for messages: "HTTPD_PORT", "--port" */
	const char *source; /* "environment", "command line", "default" */
};

/* The readable name of a place: "sites[0].routes[2].files". Built on the stack, innermost last. */
struct path {
	const struct path *up;
	const char *name; /* NULL at the top */
	ptrdiff_t index;  /* -1: none */
};

enum { PATH_ROOM = 256 };
void path_format(const struct path *p, const char *key, char out[PATH_ROOM]);

struct config_place reader_place(const struct reader *r, const config_setting_t *setting);

/* Reads all that a scope's group in the file says, but for its lists of scopes. */
void reader_scope(struct reader *r, struct config_scope *scope, const struct path *path,
    const config_setting_t *group);
/* Sets one key from outside the file. */
void reader_text(struct reader *r, struct config_scope *scope, size_t g, const struct key *key,
    const struct text_value *value);
/* Looks for what is required and absent, then calls the groups' checks. */
void reader_check(struct reader *r, const struct config_scope *scope, const struct path *path);

#endif
