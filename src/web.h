/*
 * web.h - the group of workers that serves the sites.
 */
#ifndef WEB_H
#define WEB_H

#include "process/group.h"

extern const struct worker_group web_group;

#endif
