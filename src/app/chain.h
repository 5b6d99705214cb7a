/*
 * chain.h - the application as an engine sees it: finds the site and the route, walks the
 * middleware, calls the handler.
 */
#ifndef APP_CHAIN_H
#define APP_CHAIN_H

#include "http/app.h"

extern const struct app chain_app;

#endif
