/*
 * outside.h - settings from the environment and the command line. Private to config/.
 */
#ifndef CONFIG_OUTSIDE_H
#define CONFIG_OUTSIDE_H

#include "config/load.h"
#include "config/reader.h"

/* Values for keys that are not in the global scope. */
struct outside {
	struct text_value port;
	struct text_value root;
	struct text_value tls; /* the command line's alone */
};

/* Sets keys of the global scope, the command line's last; gives back the others. */
void outside_apply(struct reader *r, struct config_scope *global,
    const struct config_request *request, struct outside *out);

#endif
