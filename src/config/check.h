/*
 * check.h - mistakes that show only when scopes are seen together. Private to config/.
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/report.h"
#include "config/snapshot.h"

/* Names of sites and hosts of routes become lower case without a final dot, so that all others may
 * compare bytes. */
void check_fold_names(struct snapshot *s);

/* Listen entries and sites that collide, routes that no request can reach. */
void check_scopes(const struct snapshot *s, struct config_report *report);

/* Whether every path that `later` matches is matched by `earlier`, too. Says no when in doubt. */
bool check_path_covers(const char *earlier, const char *later);

/* "httpd.conf:7", or what stands for it. */
enum { PLACE_ROOM = 300 };
void check_place(struct config_place p, char out[PLACE_ROOM]);

/* What is wrong with a host name for `names` or `host`; NULL if nothing. */
const char *check_host_name(const char *name);

/* Whether `around` takes in every host that `host` does: "*.example.org" has room for names below
 * it and for what ends so, too. */
bool check_host_within(const char *host, const char *around);

#endif
