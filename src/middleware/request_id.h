/*
 * request_id.h - a name for each request, shared with those before and behind this server.
 */
#ifndef MIDDLEWARE_REQUEST_ID_H
#define MIDDLEWARE_REQUEST_ID_H

#include "app/module.h"

extern const struct key_group request_id_group;
extern const struct middleware request_id_middleware;

#endif
