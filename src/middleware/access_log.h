/*
 * access_log.h - a line for each request, written when it is over.
 */
#ifndef MIDDLEWARE_ACCESS_LOG_H
#define MIDDLEWARE_ACCESS_LOG_H

#include "app/module.h"

extern const struct middleware access_log_middleware;

#endif
