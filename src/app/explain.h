/*
 * explain.h - what would answer a request, and why: for --explain, without a server that runs.
 *
 * The sites of a configuration are built as a worker builds them, and the request is made by the
 * parser that live ones go through; then the chain is asked what it would choose, and each step and
 * the handler what it would do. Nothing here decides anything.
 */
#ifndef APP_EXPLAIN_H
#define APP_EXPLAIN_H

#include "app/site.h"
#include "base/buf.h"

struct explain_question {
	const char *url;
	const char *method;        /* NULL: GET */
	const char *from;          /* the client's address; NULL: 127.0.0.1 */
	const char *const *fields; /* "Name: value", NULL-terminated; NULL: none */
};

enum { EXPLAIN_WHY = 256 };

/*
 * Writes a fact a line to `out`. OK: something answers. ERR_SYNTAX with what is wrong in why_out:
 * nobody could send this. ERR_NOTFOUND: nothing answers, or the request is refused before a site is
 * asked; the last line says why. Sets app_worker.
 */
MUST_CHECK int explain_url(const struct snapshot *s, const struct modules *m,
    const struct explain_question *question, struct buf *out, char why_out[EXPLAIN_WHY]);

/* What explain_request has found. */
struct explanation {
	const struct site *site;
	const struct route *route; /* NULL: none has the path with this method */
	const char *by;            /* the middleware or handler that answers; "chain" for its own
				      answers: 405, 421 ... */
	int status;                /* 0: only a live request can tell */
};

/* For a request whose `server` is a site_table, that nobody has seen yet. Sets its app_state. */
void explain_request(struct request *r, struct buf *out, struct explanation *e);

/* "site      example.org   httpd.conf:20   by name": `place` and `why` may be NULL. What does not
 * fit into `out` is left out. */
void explain_line(struct buf *out, const char *label, const char *text,
    const struct config_place *place, const char *why);

/* Tells the sites whose certificate is whose, as far as that can be told without reading keys; and
 * what a client is shown that asks for `name` at this listen entry. */
struct security;
void explain_certificate(struct site_table *sites, const struct config_scope *listen,
    struct slice name, struct security *security_out, struct buf *out);

#endif
