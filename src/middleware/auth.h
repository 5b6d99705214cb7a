/*
 * auth.h - who asks, and may he? By password, token, certificate, or what a route of the site's own
 * says. The settings are app/auth.h's.
 */
#ifndef MIDDLEWARE_AUTH_H
#define MIDDLEWARE_AUTH_H

#include "app/module.h"

extern const struct middleware auth_middleware;

#endif
