/*
 * check.h - what the fields of a request's head mean together: host, framing, persistence,
 * expectations (RFC 9110, RFC 9112).
 */
#ifndef HTTP1_CHECK_H
#define HTTP1_CHECK_H

#include "http1/parse.h"

/*
 * Of a head that was parsed: sets path, query, host, port, content_length and expect_continue of
 * `r`, and whether the client would keep the connection. The fault that comes back is to be
 * answered, and the connection closed: where its next message begins is not sure.
 */
struct http_fault h1_check(struct request *r, bool *keep_out);

#endif
