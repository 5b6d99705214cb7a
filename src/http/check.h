/*
 * check.h - what makes a request one to be refused, whichever engine brought it. Framing, host and
 * target are the engines' own business.
 */
#ifndef HTTP_CHECK_H
#define HTTP_CHECK_H

#include "http/request.h"
#include "http/server.h"

/* Why a message is refused. */
struct http_fault {
	int status;         /* 0: nothing is wrong */
	const char *reason; /* static text with the section of the RFC */
};

/* Answers in place of the application, which does not hear of it here. */
void http_refuse(struct request *r, struct http_fault fault);

extern const struct http_fault http_too_large; /* content over its limit */

/* Content-Length = 1*DIGIT, of which there is one; sets content_length. */
struct http_fault http_check_length(struct request *r);
struct http_fault http_check_method(const struct request *r);
/* Needs content_length; sets expect_continue. */
struct http_fault http_check_expect(struct request *r);
/* By request->terms. */
struct http_fault http_check_size(const struct request *r);

#endif
