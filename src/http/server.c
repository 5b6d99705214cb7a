/*
 * server.c - the two answers that are given without reading a request, and the preface of HTTP/2.
 */
#include "http/server.h"

#include "base/date.h"

#define STATUS_BUSY "HTTP/1.1 503 Service Unavailable\r\n"
#define STATUS_CROWD "HTTP/1.1 429 Too Many Requests\r\n"
#define BEFORE_DATE "Server: httpd\r\nDate: "
/* 5 seconds are about what it takes until idle connections have been given up. Both texts have 44
 * bytes. */
#define REST                                          \
	"Thu, 01 Jan 1970 00:00:00 GMT\r\n"           \
	"Connection: close\r\n"                       \
	"Retry-After: 5\r\n"                          \
	"Content-Type: text/plain; charset=utf-8\r\n" \
	"Content-Length: 44\r\n"                      \
	"\r\n"
#define BUSY_HEAD STATUS_BUSY BEFORE_DATE REST
#define CROWD_HEAD STATUS_CROWD BEFORE_DATE REST

static char busy[] = BUSY_HEAD "The server is busy. Please try again later.\n";
static char crowd[] = CROWD_HEAD "Too many connections come from your address\n";

_Static_assert(sizeof(busy) == sizeof(BUSY_HEAD) + 44, "as Content-Length says");
_Static_assert(sizeof(crowd) == sizeof(CROWD_HEAD) + 44, "as Content-Length says");

const struct slice http_busy_answer = { busy, sizeof(busy) - 1 };
const struct slice http_address_answer = { crowd, sizeof(crowd) - 1 };

void http_answers_set_time(int64_t wall_s)
{
	date_format_http((time_t)wall_s, busy + sizeof(STATUS_BUSY BEFORE_DATE) - 1);
	date_format_http((time_t)wall_s, crowd + sizeof(STATUS_CROWD BEFORE_DATE) - 1);
}

const struct slice http2_preface = { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24 };
