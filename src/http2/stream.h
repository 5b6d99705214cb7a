/*
 * stream.h - a request and its response on a stream of a connection; nobody outside http2/ includes
 * it.
 */
#ifndef HTTP2_STREAM_H
#define HTTP2_STREAM_H

#include "base/buf.h"
#include "http/app.h"
#include "http/check.h"
#include "http2/engine.h"

/* The request's content on its way in. content.c. */
struct h2_content {
	struct buf waiting; /* came before the sink took it; within the stream's window */
	struct pace pace;
	bool wanted : 1;     /* there is a sink */
	bool full : 1;       /* the sink takes nothing at the moment */
	bool woken : 1;      /* request_read_on was called */
	bool eof : 1;        /* all of it has come */
	bool ended : 1;      /* and the app was told */
	bool discarding : 1; /* the response is out; what is left is read and thrown away */
};

/* The response on its way out. reply.c. */
struct h2_reply {
	struct outq out;   /* pulled from the source, not yet in frames */
	struct slice body; /* without a source: what is left of it */
	uint64_t left;     /* bytes that content-length promised and the source still owes */
	struct pace pace;
	bool started : 1;  /* the head is with the session */
	bool content : 1;  /* and frames of content follow it */
	bool sized : 1;    /* `left` counts */
	bool waiting : 1;  /* the source said wait */
	bool deferred : 1; /* and the session was told to */
	bool woken : 1;    /* response_wake was called */
	bool pulled : 1;   /* the source has ended */
	bool failed : 1;   /* the source, or the app by reset: cut */
	bool sent : 1;     /* END_STREAM is in the connection's queue */
};

enum { H2_FIELDS_IN = 24, H2_FIELDS_OUT = 12 }; /* most messages have fewer; more go to the arena */

struct h2_stream {
	struct request request; /* the first member: all that http/ knows of it */
	struct h2 *h2;          /* NULL once the connection has let go */
	/* One reference is the connection's, one each borrowed piece's in the queue. */
	struct owner owner;
	struct list node;
	int32_t id;
	uint32_t head_size; /* of the fields, decoded, with 32 bytes for each (RFC 9113 10.5.1) */
	struct slice authority;
	struct http_fault fault;  /* found while the fields came in */
	enum abort_reason reason; /* if it ends before its response */
	struct h2_content content;
	struct h2_reply reply;
	bool in_app : 1;  /* between on_head and on_done or on_abort */
	bool refused : 1; /* on_refused is due */
	bool headed : 1;  /* its fields are complete */
	bool by_peer : 1; /* the peer has reset it */
	struct field fields_in[H2_FIELDS_IN];
	struct field fields_out[H2_FIELDS_OUT];
};

static inline struct h2_stream *h2_stream_of(struct request *r)
{
	return (struct h2_stream *)r;
}

/* stream.c */
struct h2_stream *h2_stream_new(struct h2 *h, int32_t id);
void h2_stream_begin(struct h2_stream *x, bool ended); /* its fields are complete */
/* It can not go on: tells the app, and answers with the fault's status if nothing was answered yet,
 * else cuts. */
void h2_stream_fail(struct h2_stream *x, enum abort_reason reason, struct http_fault fault);
void h2_stream_answered(struct h2_stream *x); /* all of the response is in the queue */
void h2_stream_reset(struct h2_stream *x, uint32_t error);
/* The session has forgotten it; or the connection ends, and it is `cut`. */
void h2_stream_closed(struct h2_stream *x);
void h2_stream_cut(struct h2_stream *x, enum abort_reason reason);

/* fields.c */
void h2_field_in(struct h2_stream *x, struct slice name, struct slice value);
void h2_trailer_in(struct h2_stream *x, struct slice name, struct slice value);
struct http_fault h2_check(struct h2_stream *x);

/* content.c */
void h2_content_take(struct h2_stream *x, struct slice bytes);
void h2_content_end(struct h2_stream *x);
void h2_content_pump(struct h2_stream *x);
/* The response is out: gives the peer a moment to end the content. */
void h2_content_discard(struct h2_stream *x);
void h2_content_expired(struct h2_stream *x);     /* it came too slowly */
bool h2_content_flows(const struct h2_stream *x); /* the peer is to send, and its pace runs */
/* The wire's part of it. */
void h2_content_want(struct request *r);
void h2_content_read_on(struct request *r);

/* reply.c */
extern const struct wire h2_wire;
ssize_t h2_reply_length(struct h2_stream *x, size_t max, uint32_t *flags);
int h2_reply_frame(struct h2_stream *x, const uint8_t *head, size_t length);
bool h2_reply_is_due(const struct h2_stream *x); /* the peer is to take it, and its pace runs */

/* head.c */
/* Hands the head of the response to the session. */
int h2_head_submit(struct h2_stream *x, bool content, bool length);
int h2_head_interim(struct h2_stream *x, int status, const struct fields *fields);
void h2_head_set_time(int64_t wall_s);

#endif
