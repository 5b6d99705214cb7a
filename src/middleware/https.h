/*
 * https.h - keeps a site to HTTPS: redirect_https, and tls.hsts (RFC 6797).
 */
#ifndef MIDDLEWARE_HTTPS_H
#define MIDDLEWARE_HTTPS_H

#include "app/module.h"

extern const struct middleware https_middleware;

#endif
