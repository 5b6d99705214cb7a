/*
 * redirect.h - answers with another address: `redirect` of a route.
 */
#ifndef HANDLER_REDIRECT_H
#define HANDLER_REDIRECT_H

#include "app/module.h"

extern const struct key_group redirect_group;
extern const struct handler redirect_handler;

#endif
