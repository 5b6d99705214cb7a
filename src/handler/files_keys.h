/*
 * files_keys.h - what files.c takes from files_keys.c.
 */
#ifndef HANDLER_FILES_KEYS_H
#define HANDLER_FILES_KEYS_H

#include "handler/files.h"

void files_check(const struct config_scope *scope, struct config_report *report);

/* The directory that files of this scope are read from; NULL without one. */
const char *files_root_of(const struct config_scope *scope, const struct files_settings *s);

/* The directory that visitors may change; NULL if they may change none. */
const char *files_writes(const struct config_scope *scope);

#endif
