/*
 * engine.h - what the files of the engine share; nobody outside http1/ includes it.
 *
 * A connection has one exchange at a time: from the first byte of a request's head until the
 * request is read and its response is out. Requests that come meanwhile wait in the read buffer.
 * h1_run (conn.c) drives it in a loop that ends when nothing moves any more; whatever happens
 * outside of the loop (an answer that comes later, a source that wakes) only notes it and asks for
 * a run.
 */
#ifndef HTTP1_ENGINE_H
#define HTTP1_ENGINE_H

#include "http/app.h"
#include "http/pace.h"
#include "http/sending.h"
#include "http/server.h"
#include "http1/chunked.h"
#include "http1/parse.h"
#include "net/acceptor.h"
#include "net/conn.h"

enum h1_state {
	H1_WAIT,    /* for the first byte of a request */
	H1_HEAD,    /* for the rest of its head */
	H1_BUSY,    /* a request is in hand, or a refusal on its way */
	H1_DISCARD, /* it is answered; what is left of its content is read and thrown away */
	H1_LEFT,    /* the client speaks HTTP/2: the other engine takes over */
	H1_CLOSED,  /* conn_close or conn_linger was called; nothing is done any more */
};

/* A connection. All that an idle one costs beside struct conn. */
struct h1 {
	struct conn *conn;
	const struct http_server *server;
	struct h1_exchange *exchange; /* NULL in WAIT and CLOSED */
	struct sending sending;
	uint64_t due_ms;         /* end of WAIT or HEAD */
	uint32_t served;         /* requests that were answered */
	enum h1_state state : 8; /* written by h1_set_state alone */
	bool running : 1;        /* h1_run is at work */
	bool again : 1;          /* something changed while it was */
	uint32_t pulled;         /* bytes of sources in this run */
};

/* The request's content on its way in. body.c. */
struct h1_content {
	struct chunked chunked;
	struct pace pace;
	uint64_t left; /* by Content-Length */
	uint64_t discarded;
	bool is_chunked : 1;
	bool wanted : 1; /* there is a sink */
	bool full : 1;   /* the sink takes nothing at the moment */
	bool woken : 1;  /* request_read_on was called */
	bool ended : 1;  /* all of it is read, and the app was told */
};

/* The response on its way out. reply.c. */
struct h1_reply {
	uint64_t left;    /* bytes that Content-Length promised and the source still owes */
	bool started : 1; /* the head is in the queue */
	bool sized : 1;   /* `left` counts */
	bool chunked : 1;
	bool waiting : 1; /* the source said wait */
	bool woken : 1;   /* response_wake was called */
	bool queued : 1;  /* all of it is in the queue */
	bool failed : 1;  /* the source, or the app by reset: cut */
};

enum { H1_FIELDS_IN = 24, H1_FIELDS_OUT = 12 }; /* most messages have fewer; more go to the arena */

struct h1_exchange {
	struct request request; /* the first member: all that http/ knows of it */
	struct h1 *h1;          /* NULL once the connection has let go */
	/* One reference is the connection's, one each borrowed piece's in the queue. */
	struct owner owner;
	struct task kick;
	struct h1_parser parser;
	struct h1_content content;
	struct h1_reply reply;
	bool in_app : 1;  /* between on_head and on_done or on_abort */
	bool refused : 1; /* on_refused is due */
	bool keep : 1;    /* the connection can go on after it */
	bool last : 1;    /* the client said that it sends nothing more */
	struct field fields_in[H1_FIELDS_IN];
	struct field fields_out[H1_FIELDS_OUT];
};

static inline struct h1_exchange *h1_exchange_of(struct request *r)
{
	return (struct h1_exchange *)r;
}

static inline uint64_t h1_now_ms(const struct h1 *h)
{
	return loop_now_ms(h->conn->net->loop);
}

/* conn.c */
void h1_set_state(struct h1 *h, enum h1_state state);
void h1_run(struct h1 *h);
void h1_kick(struct h1_exchange
	*x); /* something changed: h1_run goes round again, or runs at the end of the turn */
void h1_defer(struct h1_exchange *x); /* it runs at the end of the turn in any case */
uint64_t h1_idle_ms(const struct h1 *h);

/* exchange.c */
struct h1_exchange *h1_exchange_new(struct h1 *h);
void h1_exchange_drop(struct h1 *h); /* the connection lets go of h->exchange */
void h1_exchange_begin(
    struct h1 *h); /* the head is parsed: checks it, hands it to the app or refuses it */
void h1_refuse(
    struct h1 *h, struct http_fault fault); /* an error answer in place of a request; then close */
/* It can not go on: tells the app, and answers with the fault's status if nothing was answered yet,
 * else cuts. */
void h1_exchange_fail(struct h1 *h, enum abort_reason reason, struct http_fault fault);
void h1_exchange_abort(struct h1 *h, enum abort_reason reason); /* cuts */
void h1_exchange_finish(struct h1 *h);                          /* the response is out */

/* body.c */
enum h1_flow { H1_FLOW_MOVED, H1_FLOW_BLOCKED, H1_FLOW_CLOSED, H1_FLOW_FAULT, H1_FLOW_LARGE };
void h1_content_begin(struct h1_exchange *x);
/* What is wrong with the content as far as it has come along with the head. Takes nothing. */
struct http_fault h1_content_preview(const struct h1_exchange *x);
/* Reads and hands on what there is, until the socket is empty, the sink full, or the content
 * complete. FAULT: x->content.chunked.reason. */
enum h1_flow h1_content_pump(struct h1_exchange *x);
bool h1_content_flows(const struct h1_exchange *x); /* the peer is to send, and its pace runs */
void h1_content_discard(struct h1_exchange *x);     /* from now on nobody wants it */
bool h1_content_can_be_left(
    const struct h1_exchange *x); /* what is unread is little enough to be thrown away */
/* The wire's part of it. */
void h1_content_want(struct request *r);
void h1_content_read_on(struct request *r);

/* reply.c */
extern const struct wire h1_wire;
/* Pulls the source while the queue is short. True if something was queued. */
bool h1_reply_pump(struct h1_exchange *x);

#endif
