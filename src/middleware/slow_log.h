/*
 * slow_log.h - requests that take long, told in the error log.
 */
#ifndef MIDDLEWARE_SLOW_LOG_H
#define MIDDLEWARE_SLOW_LOG_H

#include "app/module.h"

extern const struct middleware slow_log_middleware;

#endif
