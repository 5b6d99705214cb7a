/*
 * http1.h - HTTP/1.1 and 1.0 (RFC 9110, RFC 9112) as a protocol engine: conn->server is a struct
 * http_server.
 */
#ifndef HTTP1_HTTP1_H
#define HTTP1_HTTP1_H

#include "net/protocol.h"

extern const struct protocol http1_protocol;

#endif
