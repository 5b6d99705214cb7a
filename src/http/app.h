/*
 * app.h - what an engine calls on the application. Implemented in app/chain.c; by fakes in unit
 * tests and fuzzers.
 *
 * Order: on_route; on_head; then on_body for each piece if there is content; on_end when the
 * content is complete (also if there was none); on_response when the response head is decided (from
 * response_start); finally exactly one of on_done and on_abort, after which the engine frees the
 * request.
 */
#ifndef HTTP_APP_H
#define HTTP_APP_H

#include "http/request.h"

enum abort_reason {
	ABORT_PEER, /* the connection is gone */
	ABORT_TIMEOUT,
	ABORT_SYNTAX, /* the content's framing is broken */
	ABORT_SHUTDOWN,
	ABORT_SOURCE,    /* the response's source failed: the connection was cut */
	ABORT_TOO_LARGE, /* the content grew over its limit */
};

struct app {
	/* The head is sound: the application finds out on what terms it is served (request->terms).
	 * If they refuse it, on_refused follows in place of on_head. May be NULL. */
	void (*on_route)(struct request *r);
	void (*on_head)(struct request *r);
	/* How many bytes were taken; fewer than given: stop reading until request_read_on. */
	size_t (*on_body)(struct request *r, struct slice bytes);
	void (*on_end)(struct request *r);
	void (*on_response)(struct request *r);
	void (*on_done)(struct request *r);
	void (*on_abort)(struct request *r, enum abort_reason reason);
	/* A request that could not be made into one (bad syntax, header too slow): for the log and
	 * the counters. `r` has what was understood; its response is complete. No other call
	 * happens for it, but perhaps on_route before. */
	void (*on_refused)(struct request *r);
};

#endif
