/*
 * status.h - the handler of /status: what the server does now, for people and for their scripts.
 */
#ifndef HANDLER_STATUS_H
#define HANDLER_STATUS_H

#include "app/module.h"

extern const struct handler status_handler;

#endif
