/*
 * vectors_line.c - request lines: empty lines before, methods, versions, spaces, line ends.
 */
#include "vectors.h"

#define LINE(text) text "\r\n" HOST "\r\n"

static const struct vector rows[] = {
	/* Methods: RFC 9112 section 3.1, RFC 9110 section 9. */
	KEEP(LINE("GET / HTTP/1.1")),
	KEEP(LINE("HEAD / HTTP/1.1")),
	KEEP(LINE("POST / HTTP/1.1")),
	KEEP(LINE("PUT / HTTP/1.1")),
	KEEP(LINE("DELETE / HTTP/1.1")),
	KEEP(LINE("PATCH / HTTP/1.1")),
	KEEP(LINE("OPTIONS / HTTP/1.1")),
	KEEP(LINE("PROPFIND / HTTP/1.1")), /* parsed; whether it is implemented the app says */
	KEEP(LINE("get / HTTP/1.1")),
	KEEP(LINE("X / HTTP/1.1")),
	KEEP(LINE("M-SEARCH / HTTP/1.1")),
	KEEP(LINE("!#$%&'*+-.^_`|~09 / HTTP/1.1")),
	KEEP(LINE(A32 " / HTTP/1.1")),
	REFUSE(501, "9112 3", LINE(A32 "a / HTTP/1.1")),
	REFUSE(501, "9112 3", LINE(A1024 " / HTTP/1.1")),
	REFUSE(405, "9110 9.3.8", LINE("TRACE / HTTP/1.1")),
	REFUSE(405, "9110 9.3.6", LINE("CONNECT example.org:443 HTTP/1.1")),
	REFUSE(405, "9110 9.3.6", LINE("CONNECT / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE(" GET / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("\tGET / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("GET\t/ HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("GE(T / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("GE\"T / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("G/T / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("GET: / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("G\0T / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("G\001T / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("G\177T / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("G\303\211T / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("\026\003\001 / HTTP/1.1")), /* TLS on a plain port */
	REFUSE(400, "9112 3.1", LINE("@ / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("GET,POST / HTTP/1.1")),
	REFUSE(400, "9112 3.1", LINE("{} / HTTP/1.1")),

	/* Versions: RFC 9112 section 2.3, RFC 9110 section 2.5. */
	CLOSE(LINE("GET / HTTP/1.0")),
	KEEP(LINE("GET / HTTP/1.2")),
	KEEP(LINE("GET / HTTP/1.9")),
	REFUSE(505, "9110 15.6.6", LINE("GET / HTTP/2.0")),
	REFUSE(505, "9110 15.6.6", LINE("GET / HTTP/0.9")),
	REFUSE(505, "9110 15.6.6", LINE("GET / HTTP/3.0")),
	REFUSE(505, "9110 15.6.6", LINE("GET / HTTP/9.9")),
	REFUSE(505, "9110 15.6.6", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	REFUSE(400, "9112 3", "GET /\r\n"),
	REFUSE(400, "9112 3", LINE("GET /")),
	REFUSE(400, "9112 3", LINE("GET")),
	REFUSE(400, "9112 3", LINE("GET ")),
	REFUSE(400, "9112 2.3", LINE("GET / ")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.1 ")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.1\t")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.1 x")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/11")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.10")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/01.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1,1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.x")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/x.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/-1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/+1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / http/1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / Http/1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTPS/1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP 1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / ICY/1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.1\0")),
	REFUSE(400, "9112 2.3", LINE("GET / \0HTTP/1.1")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.1\r")),
	REFUSE(400, "9112 2.3", LINE("GET / HTTP/1.1\v")),

	/* Spaces: RFC 9112 section 3. */
	REFUSE(400, "9112 3", LINE("GET  / HTTP/1.1")),
	REFUSE(400, "9112 2.3", LINE("GET /  HTTP/1.1")),
	REFUSE(400, "9112 2.3", LINE("GET /a b HTTP/1.1")),
	REFUSE(400, "9112 3.2", LINE("GET /\tHTTP/1.1")),
	REFUSE(400, "9112 3.2", LINE("GET /a\tb HTTP/1.1")),
	REFUSE(400, "9112 3", LINE("GET HTTP/1.1")),

	/* Line ends: RFC 9112 section 2.2. */
	REFUSE(400, "9112 2.2", "GET / HTTP/1.1\n" HOST "\r\n"),
	REFUSE(400, "9112 2.2", "GET / HTTP/1.1\nHost: example.org\n\n"),
	REFUSE(400, "9112 2.3", "GET / HTTP/1.1\r" HOST "\r\n"),
	REFUSE(400, "9112 2.3", "GET / HTTP/1.1\r\r\n" HOST "\r\n"),
	REFUSE(400, "9112 3.2", "GET /\r HTTP/1.1\r\n" HOST "\r\n"),
	REFUSE(400, "9112 3.1", "GET\r / HTTP/1.1\r\n" HOST "\r\n"),

	/* Empty lines before: RFC 9112 section 2.2. */
	KEEP("\r\n" GET("/")),
	KEEP("\r\n\r\n" GET("/")),
	KEEP("\r\n\r\n\r\n\r\n" GET("/")),
	REFUSE(400, "9112 2.2", "\r\n\r\n\r\n\r\n\r\n" GET("/")),
	REFUSE(400, "9112 2.2", "\n" GET("/")),
	REFUSE(400, "9112 2.2", "\r\n\n" GET("/")),
	REFUSE(400, "9112 3.1", "\r" GET("/")),
	REFUSE(400, "9112 3.1", "\r\r\n" GET("/")),
	REFUSE(400, "9112 3.1", " \r\n" GET("/")),

	/* Length: RFC 9112 section 3. */
	KEEP(GET("/" A128 A32 A32 A32 "aaaaaaa" A8 A8 A8)),
	REFUSE(414, "9112 3", GET("/" A256)),
	REFUSE(414, "9112 3", GET("/" A1024)),
	REFUSE(414, "9112 3", GET("/?" A256)),
	REFUSE(414, "9112 3", GET("http://example.org/" A256)),
	REFUSE(414, "9112 3", "GET /" A1024 "\n" HOST "\r\n"),
	REFUSE(400, "9112 3.1", "GET(" A1024 " HTTP/1.1\r\n" HOST "\r\n"),
	REFUSE(400, "9112 2.3", "GET / " A1024 "\r\n" HOST "\r\n"),
};

const struct vectors request_line_vectors = VECTORS(rows);
