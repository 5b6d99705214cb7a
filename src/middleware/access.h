/*
 * access.h - who may come, by address: allow and deny.
 */
#ifndef MIDDLEWARE_ACCESS_H
#define MIDDLEWARE_ACCESS_H

#include "app/module.h"

extern const struct middleware access_middleware;

#endif
