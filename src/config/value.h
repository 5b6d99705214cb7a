/*
 * value.h - one value of one key: taken from text or from the file, written back. Private to
 * config/.
 *
 * On failure the settings are as before and `why` says what was found and what is expected, without
 * the key's name and without a full stop: `"soon" is not a duration (expected "30s", "5m", "250ms"
 * or seconds)`.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/keys.h"

#include <libconfig.h>

enum { VALUE_WHY_MAX = 512 }; /* room for `why`: a value is quoted with its first 60 bytes */

/* As written in the environment. Not for KEY_GROUP and KEY_GROUPS. ERR_SYNTAX or ERR_RANGE. Strings
 * are copied to the arena. */
MUST_CHECK int value_from_text(
    const struct key *key, const char *text, struct arena *a, void *settings, char *why);
/* As written in the file. */
MUST_CHECK int value_from_setting(const struct key *key, const config_setting_t *setting,
    struct arena *a, void *settings, char *why);

/* Whether there is a value to write: a string that is not set has none. */
bool value_is_set(const struct key *key, const void *settings);
/* Appends it in the file's language. Not for KEY_GROUP and KEY_GROUPS. */
void value_write(const struct key *key, const void *settings, struct buf *out);

/* What a setting is, for messages: `"text"` (cut and escaped), "12", "a group". */
void value_describe(const config_setting_t *setting, char *out, size_t room);
/* Text in quotes, as it is written in the file; cut after 60 bytes. */
void value_quote(const char *text, char *out, size_t room);

#endif
