/*
 * site.h - sites and routes made ready to answer: built once a worker from the snapshot.
 */
#ifndef APP_SITE_H
#define APP_SITE_H

#include "app/module.h"
#include "http/server.h"

struct route_step { /* a middleware with something to do */
	const struct middleware *middleware;
	void *state;
};

struct route_pattern; /* route.h */
struct route_index;   /* route_index.h */

struct route {
	/* First what is looked at to find it: a site may have ten thousand. */
	struct route_pattern *compiled;
	struct slice host; /* canonical; "*.suffix"; empty: any */
	unsigned methods;  /* bit METHOD_x; 0: all */
	unsigned handled;  /* bit METHOD_x of what the handler takes; 0: all */
	const struct handler *handler;
	void *handler_state;
	const struct route_step *steps;
	unsigned step_count;
	struct http_terms terms;
	const struct config_scope *scope;
	struct slice pattern; /* as it is called: its path, behind those of the groups around it */
};

struct site {
	const struct config_scope *scope;
	struct slice name; /* site_name() */
	unsigned score;    /* its place among the counters: score_site_find */
	/* What a TLS connection must have shown to be answered by this site; NULL: what is shown to
	 * names without a certificate of their own. For comparing only. */
	const void *identity;
	struct route *routes; /* those in groups among them, in the order of trying */
	unsigned route_count;
	struct route_index *index;
	bool uneven;            /* not all routes are guarded alike */
	struct route undecided; /* answers 500 where an expression gave up: the route it belongs to
				   may have asked for a password, so none behind it answers */
	struct route unrouted;  /* answers what no route matches: its middleware is the site's, its
				   handler 404 */
};

/* What a site is called in logs and counters: its first name, "default" without one. */
struct slice site_name(const struct config_scope *scope);

/* All sites of a worker, found by host. */
struct site_table;

struct site_table *site_table_new(const struct snapshot *s, const struct modules *m);
void site_table_free(struct site_table **t);
size_t site_count(const struct site_table *t);
struct site *site_at(const struct site_table *t, size_t index); /* as in the snapshot */
/* What limits and timeouts say at a scope. */
struct http_terms site_terms(const struct config_scope *scope);
/* Exact name, else the longest "*.suffix", else the default: never NULL. `host` is canonical. */
struct site *site_find(const struct site_table *t, struct slice host);

/* Parameters that a route's pattern has taken from a path. Borrowed from the request's path. */
enum { ROUTE_PARAMS_MAX = 16 };
struct route_param {
	struct slice name; /* "*" for the rest */
	struct slice value;
};

/* What a module keeps with a request, in the request's arena. */
struct exchange_note {
	struct exchange_note *next;
	const void *owner;
	void *note;
};

/* What app/ keeps for a request: request->app_state. */
struct exchange {
	struct site *site;
	struct route *route;
	unsigned at;    /* the chain's saved index */
	bool answered;  /* the response was started */
	bool astray;    /* nothing of the site may be shown: see chain.c */
	bool unmatched; /* no route has path and method */
	bool preflight; /* the route is that of the method which the request announces: */
	enum http_method announced;
	unsigned allow; /* bit METHOD_x: what routes permit that have this path under other methods
			   only, for 405 and OPTIONS */
	chain_gone_fn on_gone; /* see chain_wait */
	void *gone_ctx;
	struct slice user; /* who authenticated, perhaps without a name; ptr NULL: nobody */
	const struct route_param *claims; /* of his token; claim_count of them */
	unsigned claim_count;
	struct exchange_note *notes;
	struct slice request_id;  /* ptr NULL until it is first asked for: exchange_id */
	struct slice traceparent; /* likewise: trace.h */
	bool trace_known;
	uint64_t
	    answered_us; /* monotonic, when the response's head was decided; 0: not looked at */
	char made_id[16];
	unsigned param_count;
	struct route_param params[ROUTE_PARAMS_MAX]; /* the first param_count are set */
};
static inline struct exchange *exchange_of(const struct request *r)
{
	return r->app_state;
}
struct slice exchange_id(
    const struct request *r); /* of this request, made up when first asked for */
struct slice exchange_param(const struct request *r, struct slice name); /* ptr NULL without */
/* A note is found again by its owner, any address of the module's own: what `enter` learned is
 * there in `head` and `done`. NULL without one. */
void exchange_note(struct request *r, const void *owner, void *note);
void *exchange_noted(const struct request *r, const void *owner);

/*
 * The first route that matches path, host and method; NULL without one, site->undecided if that can
 * not be told. HEAD matches where GET does. *allow_out gets the methods (bits) under which those
 * before it have this path.
 */
struct route *route_match(struct site *site, struct request *r, unsigned *allow_out);

#endif
