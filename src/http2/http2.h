/*
 * http2.h - HTTP/2 (RFC 9113) as a protocol engine: conn->server is a struct http_server.
 */
#ifndef HTTP2_HTTP2_H
#define HTTP2_HTTP2_H

#include "net/protocol.h"

extern const struct protocol http2_protocol;

/* Of the library that does frames and field compression: "1.52.0". */
const char *http2_library(void);

#endif
