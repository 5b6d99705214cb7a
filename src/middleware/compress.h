/*
 * compress.h - content of handlers compressed while it passes (RFC 9110 sections 8.4 and 12.5.3).
 */
#ifndef MIDDLEWARE_COMPRESS_H
#define MIDDLEWARE_COMPRESS_H

#include "app/module.h"

extern const struct middleware compress_middleware;

#endif
