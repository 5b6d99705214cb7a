/*
 * errors.h - a site's own pages in place of the server's plain error answers.
 */
#ifndef MIDDLEWARE_ERRORS_H
#define MIDDLEWARE_ERRORS_H

#include "app/module.h"

extern const struct key_group errors_group;
extern const struct middleware errors_middleware;

#endif
