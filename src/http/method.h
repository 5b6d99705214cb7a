/*
 * method.h - request methods (RFC 9110 section 9).
 */
#ifndef HTTP_METHOD_H
#define HTTP_METHOD_H

#include "base/slice.h"

enum http_method {
	METHOD_OTHER, /* a token that we do not know; request->method_name has it */
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_DELETE,
	METHOD_PATCH,
	METHOD_OPTIONS,
	METHOD_CONNECT,
	METHOD_TRACE,
};

enum http_method method_find(struct slice name); /* case-sensitive */
const char *method_name(enum http_method m);     /* "GET"; "-" for OTHER */

/* Names of the methods whose bits are set, as in Allow: "GET, HEAD". Returns the length. */
enum { METHOD_LIST_MAX = 80 };
size_t method_list(unsigned methods, char out[METHOD_LIST_MAX]);

#endif
