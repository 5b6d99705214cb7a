/*
 * respond.h - answers that stand in the configuration: `respond` of a route.
 */
#ifndef HANDLER_RESPOND_H
#define HANDLER_RESPOND_H

#include "app/module.h"

extern const struct key_group respond_group;
extern const struct handler respond_handler;

#endif
