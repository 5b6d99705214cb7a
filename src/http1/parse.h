/*
 * parse.h - the head of an HTTP/1 request: syntax only (RFC 9112 sections 2 to 5).
 *
 * Resumable at any byte: give it the unread bytes from the start of the message each time more have
 * come. What it has seen of them it does not look at again. No I/O and no clock. What the fields
 * mean together is check.h's business.
 */
#ifndef HTTP1_PARSE_H
#define HTTP1_PARSE_H

#include "http/check.h"
#include "http/request.h"
#include "http/server.h"

enum h1_parse { H1_NEED_MORE, H1_DONE, H1_BAD };

struct h1_parser {
	const struct http_limits *limits;
	uint32_t line;      /* where the line at hand begins; the length of the head when done */
	uint32_t scanned;   /* up to here the line at hand has no LF */
	uint32_t fields_at; /* where the field lines begin; 0 while the request line is awaited */
	struct http_fault fault;
};

/* Longest method that is read (the longest registered one has 17 bytes), and how many empty lines
 * may stand before a request: clients of old sent one behind the content of a POST. */
enum { H1_METHOD_MAX = 32, H1_EMPTY_LINES = 4 };

/* The most bytes that a head within these limits can have. */
size_t h1_head_max(const struct http_limits *limits);

void h1_parser_init(struct h1_parser *p, const struct http_limits *limits);

/*
 * Fills in method, target, version and fields of `r`; its slices point into `input`. Returns
 * NEED_MORE; DONE, and p->line is the length of the head; or BAD, and p->fault says why. After BAD
 * it must not be called again.
 */
enum h1_parse h1_parse_head(struct h1_parser *p, struct slice input, struct request *r);

/* The input has moved by so many bytes: makes the slices of `r` follow. */
void h1_rebase(struct request *r, ptrdiff_t by);

/* One field line without its CRLF: name and value out, or the fault's reason; NULL for none. Also
 * for trailers. */
const char *h1_parse_field(struct slice line, struct slice *name_out, struct slice *value_out);

#endif
