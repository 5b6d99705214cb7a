/*
 * cache.h - answers of handlers kept in memory, as a shared cache of RFC 9111 would.
 */
#ifndef MIDDLEWARE_CACHE_H
#define MIDDLEWARE_CACHE_H

#include "app/module.h"

extern const struct middleware cache_middleware;

#endif
