/*
 * unknown.h - what to say about a name that is not known where it stands. Private to config/.
 */
#ifndef CONFIG_UNKNOWN_H
#define CONFIG_UNKNOWN_H

#include "config/reader.h"

/* Both report the mistake, and return the known name that was probably meant, NULL if they can not
 * tell. */

/* In a scope: at the top level, in a listen entry, a site or a route. */
const char *unknown_member(
    struct reader *r, const struct path *path, enum scope kind, const config_setting_t *setting);
/* In a group. */
const char *unknown_row(struct reader *r, const struct path *path, const struct key_group *g,
    const config_setting_t *setting);

/* Why a known key can not be taken here: "can be set at the top level only". */
void unknown_place(const struct key *key, char *out, size_t room);

#endif
