/*
 * cors.h - which other sites' pages may use the answers of a route: `cors`.
 */
#ifndef MIDDLEWARE_CORS_H
#define MIDDLEWARE_CORS_H

#include "app/module.h"

extern const struct key_group cors_group;
extern const struct middleware cors_middleware;

#endif
