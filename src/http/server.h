/*
 * server.h - what an engine needs to know of the listener a connection came through: conn->server
 * points to one of these.
 *
 * The main program fills it in from the configuration and keeps it until the worker ends; engines
 * only read it.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/slice.h"
#include "http/pace.h"

#include <stdbool.h>
#include <stdint.h>

struct app;
struct protocol;

struct http_limits {
	uint32_t uri;         /* bytes of a request target; more: 414 */
	uint32_t header_size; /* bytes of all field lines together, so of one, too; more: 431 */
	uint32_t headers;     /* number of field lines; more: 431 */
	uint32_t pipeline;    /* bytes of requests that may wait behind the one in hand */
	uint32_t keepalive_requests; /* of one connection; 0: without end */
};

struct http_timeouts {     /* milliseconds */
	int64_t header_ms; /* from its first byte until a head is complete */
	int64_t idle_ms;   /* between requests */
	bool adaptive;     /* idle shrinks as connections get scarce: http/idle.h */
};

/* What each route may have its own of: request->terms, from app->on_route on. */
struct http_terms {
	int64_t body;    /* bytes of a request's content; more: 413; 0: without limit */
	int64_t body_ms; /* the longest the peer may owe us content: see http/pace.h */
	int64_t send_ms; /* likewise for taking the response */
	/* Bytes a second, of content and of responses; 0: progress alone counts. */
	int64_t min_rate;
	bool keepalive; /* false: the connection ends with this request */
};

static inline struct pace_rule http_body_rule(const struct http_terms *t)
{
	return (struct pace_rule){ (uint64_t)t->body_ms, (uint64_t)t->min_rate };
}

static inline struct pace_rule http_send_rule(const struct http_terms *t)
{
	return (struct pace_rule){ (uint64_t)t->send_ms, (uint64_t)t->min_rate };
}

struct http_server {
	const struct app *app;
	void *sites; /* becomes request->server */
	struct http_limits limits;
	struct http_timeouts timeouts;
	struct http_terms terms;  /* before the route is known, and where no route says otherwise */
	unsigned connections_max; /* limits.connections: for the adaptive idle time-out */
	bool astray;              /* who comes here speaks plain HTTP on a port for HTTPS */
	/* Takes over from a client that opens with the preface of HTTP/2; NULL: it may not. */
	const struct protocol *http2;
};

/* What a client that speaks HTTP/2 without having been asked begins with (RFC 9113 section 3.4). */
extern const struct slice http2_preface;

/*
 * Whole answers, ready-made because they have to be cheap, for a newcomer that is turned away: all
 * connections are taken (503), or all that one address may have (429). Their Date is that of the
 * last call of http_answers_set_time.
 */
extern const struct slice http_busy_answer;
extern const struct slice http_address_answer;
void http_answers_set_time(int64_t wall_s);

#endif
