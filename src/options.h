/*
 * options.h - the command line as data.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/error.h"
#include "config/load.h"

#include <stdio.h>

enum action {
	ACTION_RUN,
	ACTION_TEST,
	ACTION_DUMP,
	ACTION_SIGNAL,
	ACTION_STATUS,
	ACTION_EXPLAIN,
	ACTION_VERSION,
	ACTION_HELP,
	ACTION_LIST_KEYS,
	ACTION_HASH_PASSWORD,
};

enum { OPTIONS_OVERRIDES = 5 }; /* one for each option that sets a key */
enum { OPTIONS_FIELDS = 64 };   /* a browser sends some twenty */

struct options {
	enum action action;
	const char *config;    /* NULL: none, serve `directory` or the current one */
	const char *directory; /* NULL: none given */
	const char *signal;    /* one of reload, stop, quit, reopen, upgrade */
	const char *user;      /* whose password is to be hashed; NULL: nobody's */
	bool daemon;
	const char *url; /* to be explained, with these: */
	const char *method;
	const char *from;
	const char *fields[OPTIONS_FIELDS + 1]; /* NULL-terminated */
	size_t field_count;
	struct config_override overrides[OPTIONS_OVERRIDES];
	size_t override_count;
	char **argv;
};

/* Strings are borrowed from argv. ERR_SYNTAX with a line on standard error for wrong usage. */
MUST_CHECK int options_parse(struct options *o, int argc, char **argv);
void options_refer(void); /* to --help, on standard error */
void options_help(FILE *to);

#endif
