/*
 * server.c - the two answers that are given without reading a request.
 *
 * Without Date: they are constants, and RFC 9110 section 6.6.1 lets a 5xx do without; 429 leaves it
 * out for the same reason. 5 seconds are about what it takes until idle connections have been given
 * up.
 */
#include "http/server.h"

/* Both texts are of 44 bytes. */
#define HEAD(status)                                  \
	"HTTP/1.1 " status "\r\n"                     \
	"Server: httpd\r\n"                           \
	"Connection: close\r\n"                       \
	"Retry-After: 5\r\n"                          \
	"Content-Type: text/plain; charset=utf-8\r\n" \
	"Content-Length: 44\r\n"                      \
	"\r\n"

static const char busy[] =
    HEAD("503 Service Unavailable") "The server is busy. Please try again later.\n";
static const char crowd[] =
    HEAD("429 Too Many Requests") "Too many connections come from your address\n";

_Static_assert(sizeof(busy) == sizeof(HEAD("503 Service Unavailable")) + 44, "Content-Length");
_Static_assert(sizeof(crowd) == sizeof(HEAD("429 Too Many Requests")) + 44, "Content-Length");

const struct slice http_busy_answer = { busy, sizeof(busy) - 1 };
const struct slice http_address_answer = { crowd, sizeof(crowd) - 1 };
