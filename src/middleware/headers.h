/*
 * headers.h - fields that are set, added and removed on all answers: `headers`.
 */
#ifndef MIDDLEWARE_HEADERS_H
#define MIDDLEWARE_HEADERS_H

#include "app/module.h"

extern const struct key_group headers_group;
extern const struct middleware headers_middleware;

#endif
