/*
 * guard.h - who may come: the settings of `allow` and `deny`, and whether a place is open to
 * everybody.
 *
 * Shared by the middleware that asks and by handlers that want to know, while a configuration is
 * checked, whether anything stands between them and the world.
 */
#ifndef APP_GUARD_H
#define APP_GUARD_H

#include "config/snapshot.h"

struct access_settings {
	struct config_strings allow; /* as net_prefix_parse takes them */
	struct config_strings deny;
};

extern const struct key_group access_group;

/* Whether something in force at this route or site keeps strangers out. */
bool scope_is_guarded(const struct config_scope *scope);

#endif
