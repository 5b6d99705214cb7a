/*
 * guard.h - who may come: the settings of `allow` and `deny`, and whether a place is open to
 * everybody.
 *
 * Shared by the middleware that asks and by handlers that want to know, while a configuration is
 * checked, whether anything stands between them and the world.
 */
#ifndef APP_GUARD_H
#define APP_GUARD_H

#include "config/report.h"
#include "config/snapshot.h"

struct access_settings {
	struct config_strings allow; /* as net_prefix_parse takes them */
	struct config_strings deny;
};

extern const struct key_group access_group;

/* Whether something in force at this route or site keeps strangers out. */
bool scope_is_guarded(const struct config_scope *scope);

/* Says which of these net_prefix_parse would not take; `key` is their name in messages. */
void guard_check_addresses(const struct config_strings *entries, const char *key,
    struct config_place at, struct config_report *report);

/* For handlers of what is the operator's own affair: a warning if everybody can read it, because
 * the route is not guarded and some listener can be reached from outside. */
void guard_warn(const struct config_scope *route, const char *what, struct config_report *report);

#endif
