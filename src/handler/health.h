/*
 * health.h - whether the server is well, for load balancers and whoever else asks often.
 */
#ifndef HANDLER_HEALTH_H
#define HANDLER_HEALTH_H

#include "app/module.h"

extern const struct key_group health_group;
extern const struct handler health_handler;

#endif
