/*
 * modules.h - what this httpd is made of. The lists stand in modules.c, the one place that names
 * concrete protocols, handlers and middleware.
 */
#ifndef MODULES_H
#define MODULES_H

#include "app/module.h"
#include "process/group.h"

extern const struct modules modules;
extern const struct worker_group *const worker_groups[]; /* NULL-terminated */

#endif
