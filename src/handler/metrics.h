/*
 * metrics.h - the handler of /metrics: the server's counters for a monitoring system.
 */
#ifndef HANDLER_METRICS_H
#define HANDLER_METRICS_H

#include "app/module.h"

extern const struct handler metrics_handler;

#endif
