/*
 * check.h - what can be wrong with a configuration beyond its grammar: routes, handlers, names,
 * roots.
 */
#ifndef APP_CHECK_H
#define APP_CHECK_H

#include "app/module.h"

#include <sys/types.h>

/* Looks at all sites of `s`, and at the file system with the eyes of `uid` and `gid`, who workers
 * will run as. Mistakes go to the report. */
void app_check(const struct snapshot *s, const struct modules *m, uid_t uid, gid_t gid,
    struct config_report *report);

/* Calls fn for each file that the modules read while they run (see each_file in module.h). */
void app_each_file(const struct snapshot *s, const struct modules *m, module_file_fn fn, void *ctx);

#endif
