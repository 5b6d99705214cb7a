/*
 * request.h - the waist: one request and its response, whichever protocol brought it.
 *
 * An engine embeds a struct request in its own struct, fills in the first part and calls
 * app->on_head. Everything in it lives until on_done or on_abort returns. Slices point into the
 * connection's read buffer or the request's arena.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"
#include "http/fields.h"
#include "http/method.h"
#include "http/response.h"
#include "net/addr.h"

struct app;
struct wire;
struct sink;
struct security;
struct http_terms;

enum http_version { HTTP_1_0 = 10, HTTP_1_1 = 11, HTTP_2 = 20, HTTP_3 = 30 };

struct request {
	/* Set by the engine. */
	const struct wire *wire;
	const struct app *app;
	void *server; /* of the listener: struct site_table of app/ */
	struct arena arena;
	enum http_version version;
	enum http_method method;
	struct slice method_name;
	struct slice target; /* as received, for the log */
	/* Canonical (target.h): decoded, dot segments resolved, slashes merged; begins with "/";
	 * "*" for OPTIONS *. */
	struct slice path;
	struct slice query; /* raw, without "?"; ptr NULL if there is no "?" */
	/* Canonical: lower case, no trailing dot, no port, IPv6 in brackets; empty in 1.0 without
	 * Host. */
	struct slice host;
	unsigned port;                   /* from Host or :authority; 0 if not given */
	bool secure;                     /* came over TLS */
	const struct security *security; /* net/transport.h; NULL: came in the clear */
	bool astray;                     /* plain HTTP on a port for HTTPS: to be told so */
	bool internal; /* made by the server itself, for another request: app/subrequest.h,
			  app/inner.h */
	struct fields fields;
	struct fields trailers;
	int64_t content_length; /* of the request; -1: unknown (chunked), 0: none */
	bool expect_continue;   /* the client waits for 100 before it sends the content */
	const struct net_addr *peer;
	const struct net_addr *local; /* of the listener: it may be "any" */
	uint64_t received_us;         /* monotonic, when the head was complete */

	/* Set by the engine to the server's, by the application (on_route) to the route's; lives as
	 * long as the sites. */
	const struct http_terms *terms;

	/* Set by the application. */
	struct sink *sink; /* takes the content; NULL: it is discarded within bounds */
	struct response response;
	void *app_state; /* of app/: site, route, chain */

	/* Counted by the engine for the log. */
	uint64_t content_received;
	uint64_t content_sent; /* of the response, without framing */
	int score_place;
};

/*
 * The handler wants the content: from now on it goes to `sink` (which may be called before this
 * returns). Sends 100 (Continue) if the client waits for it. Without this call the content is
 * discarded within bounds.
 */
void request_read_body(struct request *r, struct sink *sink);
/* The sink that said "full" takes bytes again. */
void request_read_on(struct request *r);
/* For engines: the content is complete, and who takes it learns so. */
void request_end_content(struct request *r);
/* For engines: it is answered. A taker of content that is not complete is told that no more comes.
 */
void request_done(struct request *r, bool content_ended);
/* This side's address: of a listener on all addresses the one that the client asked. A system call.
 */
void request_local(const struct request *r, struct net_addr *out);

#endif
