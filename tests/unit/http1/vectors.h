/*
 * vectors.h - requests as bytes, and what has to become of them: shared by the test of the parser
 * and the test over sockets.
 *
 * A row that is accepted says whether the connection stays; its bytes are one whole message. A row
 * that is refused names the section of the RFC that says so, which has to stand in the reason that
 * is given, too; the connection is closed.
 */
#ifndef TESTS_HTTP1_VECTORS_H
#define TESTS_HTTP1_VECTORS_H

#include "http/server.h"

#include <stddef.h>

struct vector {
	int status; /* 0: accepted */
	bool keep;
	const char *section; /* of a refusal: "9112 3.2" */
	const char *bytes;
	size_t len;
};

struct vectors {
	const struct vector *list;
	size_t count;
};

/* By topic; each of them ends with an empty one. */
extern const struct vectors request_line_vectors, target_vectors, field_vectors, host_vectors,
    persistence_vectors, length_vectors, coding_vectors, chunk_vectors;
extern const struct vectors *const all_vectors[];

/* The limits that the rows are made for. */
extern const struct http_limits vector_limits;
extern const struct http_terms vector_terms;

#define KEEP(text)                                    \
	{                                             \
		0, true, NULL, text, sizeof(text) - 1 \
	}
#define CLOSE(text)                                    \
	{                                              \
		0, false, NULL, text, sizeof(text) - 1 \
	}
#define REFUSE(status, section, text)                          \
	{                                                      \
		status, false, section, text, sizeof(text) - 1 \
	}
#define VECTORS(array)                                    \
	{                                                 \
		array, sizeof(array) / sizeof((array)[0]) \
	}

#define HOST "Host: example.org\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\n" HOST "\r\n"
#define WITH(line) "GET / HTTP/1.1\r\n" HOST line "\r\n\r\n"
#define WITH_1_0(line) "GET / HTTP/1.0\r\n" line "\r\n\r\n"

#define A8 "aaaaaaaa"
#define A32 A8 A8 A8 A8
#define A128 A32 A32 A32 A32
#define A256 A128 A128
#define A1024 A256 A256 A256 A256

#endif
