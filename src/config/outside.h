/*
 * outside.h - settings from the environment and the command line. Private to config/.
 */
#ifndef CONFIG_OUTSIDE_H
#define CONFIG_OUTSIDE_H

#include "config/load.h"
#include "config/reader.h"

/* A value for a key that is not in the global scope. text NULL: not given. */
struct outside_value {
	const char *text;
	const char *name;   /* "HTTPD_PORT", "--port" */
	const char *source; /* "environment", "command line" */
};

struct outside {
	struct outside_value port;
	struct outside_value root;
};

/* Sets keys of the global scope, the command line's last; gives back the others. */
void outside_apply(struct reader *r, struct config_scope *global,
    const struct config_request *request, struct outside *out);

#endif
