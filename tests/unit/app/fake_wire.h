/*
 * fake_wire.h - requests without a socket: an engine that pulls a response into memory, and a
 * worker with its sites made from text.
 */
#ifndef APP_TEST_FAKE_WIRE_H
#define APP_TEST_FAKE_WIRE_H

#include "app/site.h"
#include "base/buf.h"
#include "http/wire.h"
#include "net/conn.h"

struct fake_request {
	struct request r;
	struct conn conn; /* only its output queue and transport are real */
	struct net_addr peer;
	struct buf content; /* what a client would have got */
	bool done;          /* all of it */
	bool failed;        /* the source failed: the connection would be cut */
	unsigned starts;
};

/* A GET of `path` (canonical; may have a query) for `host`. */
void fake_request_init(struct fake_request *f, struct site_table *sites, const char *path);
void fake_request_method(struct fake_request *f, enum http_method method);
void fake_request_field(struct fake_request *f, const char *name, const char *value);
/* on_head and on_end. What is not answered then waits for something. */
void fake_request_start(struct fake_request *f);
/* Turns of the worker's loop until the response is complete; fails the test after five seconds. */
void fake_request_finish(struct fake_request *f);
/* on_done or on_abort, and all is given back. */
void fake_request_fini(struct fake_request *f);

/* A response field's value; NULL without. Borrowed until the next call. */
const char *fake_response_field(const struct fake_request *f, const char *name);

/* A worker: a directory of its own to serve files from, a loop and a pool if wanted. */
struct fake_worker {
	char dir[64];
	struct snapshot *snapshot;
	struct site_table *sites;
	const struct modules *modules;
};

/* `config` is text in which "@" stands for the directory. The mistakes of one that is not sound are
 * printed, and the test fails. */
void fake_worker_init(struct fake_worker *w, const struct modules *modules, bool with_loop);
void fake_worker_config(struct fake_worker *w, const char *config);
/* The report's lines for it, app_check's included. Borrowed until the next call. */
const char *fake_worker_mistakes(struct fake_worker *w, const char *config);
void fake_worker_fini(struct fake_worker *w);

/* Below the worker's directory; folders on the way are made. */
void fake_file(const struct fake_worker *w, const char *name, const char *content);
const char *fake_path(
    const struct fake_worker *w, const char *name); /* borrowed until the next call */

#endif
