/*
 * chain.h - the application as an engine sees it: finds the site and the route, walks the
 * middleware, calls the handler.
 */
#ifndef APP_CHAIN_H
#define APP_CHAIN_H

#include "http/app.h"

extern const struct app chain_app;

/*
 * The parts of it that decide and do nothing else: what explains a request (explain.h) asks the
 * same.
 */
enum chain_start {
	CHAIN_RUNS,        /* the steps of the route, then its handler */
	CHAIN_ASTRAY,      /* plain HTTP on a port for HTTPS */
	CHAIN_MISDIRECTED, /* 421 */
};
/* Finds site and route: sets app_state. */
enum chain_start chain_choose(struct request *r);
/* Whether the handler is not to see the request, since the path permits other methods only: those
 * (bits, perhaps none). */
bool chain_refuses(const struct request *r, unsigned *allow_out);
/* The status that a method gets which is not among them: 405, 501, or 204 for OPTIONS. */
int chain_refusal(enum http_method method);

#endif
