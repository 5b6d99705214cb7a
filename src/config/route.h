/*
 * route.h - how the settings of routes in groups come together. Private to config/.
 */
#ifndef CONFIG_ROUTE_H
#define CONFIG_ROUTE_H

#include "config/report.h"
#include "config/snapshot.h"

/* Before a route's own keys are read: takes from the groups around it what it is to inherit. */
void route_begin(struct config_scope *route);
/* When they are read: puts its path together. A group's routes are read after that. */
void route_end(struct config_scope *route, bool gathers);

/* Routes of a site that no request can reach. */
void check_routes(const struct config_scope *site, struct config_report *report);

#endif
