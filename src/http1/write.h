/*
 * write.h - the head of a response as HTTP/1 text, and the framing around its content (RFC 9112
 * sections 4, 6 and 7.1).
 */
#ifndef HTTP1_WRITE_H
#define HTTP1_WRITE_H

#include "http/request.h"
#include "net/outq.h"

/* How a response is framed: reply.c decides. */
struct h1_form {
	bool length; /* Content-Length: response.length */
	bool chunked;
	bool close;            /* Connection: close */
	unsigned keep_alive_s; /* Connection: keep-alive with this time-out, for HTTP/1.0; 0: say
				  nothing */
};

/* A body of up to so many bytes is copied behind the head: less work than an item of its own in the
 * queue, and in each sendmsg. */
enum { H1_COPY_MAX = 1024 };

/*
 * The status line, Server, Date (of wall_s), the response's block and fields, what `form` asks for,
 * and `body` (<= H1_COPY_MAX). Fields that are the engine's business are left out, should a handler
 * have set them. `owner` keeps the request's arena alive.
 */
void h1_write_head(struct outq *q, struct request *r, const struct h1_form *form, struct slice body,
    struct owner *owner);
/* Before the heads of a turn: the time that they tell. Cheap if it is the second of the last call.
 */
void h1_write_set_time(int64_t wall_s);

/* 1xx; fields may be NULL. */
void h1_write_interim(struct outq *q, int status, const struct fields *fields);

/* The framing of one chunk, before and behind its data; and what ends them all. */
void h1_write_chunk_begin(struct outq *q, uint64_t size);
void h1_write_chunk_end(struct outq *q);
void h1_write_chunks_end(struct outq *q);

#endif
