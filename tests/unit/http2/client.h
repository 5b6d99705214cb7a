/*
 * client.h - a client of HTTP/2 at the other end of the harness' socketpair (tests/unit/http1),
 * made of nghttp2. One connection at a time.
 */
#ifndef TESTS_HTTP2_CLIENT_H
#define TESTS_HTTP2_CLIENT_H

#include "../http1/harness.h"
#include "../http1/harness_app.h"

#include <nghttp2/nghttp2.h>

enum { CLIENT_STREAMS = 64 };

struct client_stream {
	int status;         /* of the final head */
	int hints;          /* of the last interim one */
	char fields[2048];  /* "name: value\n" of the final head */
	size_t field_bytes; /* of its block on the wire */
	char *body;
	size_t body_len;
	bool ended;
	bool closed;
	uint32_t error;
	/* What is to be sent. */
	const char *content;
	size_t content_left;
	bool stalls;         /* never ends its content */
	const char *trailer; /* value of a field behind the content */
};

struct client {
	int fd;
	nghttp2_session *session;
	struct client_stream streams[CLIENT_STREAMS]; /* by (id - 1) / 2 */
	int goaways;
	uint32_t goaway_error; /* of the last one */
	int32_t goaway_last;
	int32_t goaway_first; /* last_stream_id of the first one */
};
extern struct client client;

/* Also harness_start and harness_stop. window: of each stream; 0: the default. */
void client_start(uint32_t window);
void client_stop(void);

/* A request; returns the stream. `fields`: "name: value\n", NULL for none. */
int32_t client_ask(const char *method, const char *path, const char *fields);
#define GET(path) client_ask("GET", path, NULL)
/* With content, which is borrowed; trailer NULL: none. */
int32_t client_post(const char *path, const char *fields, const char *content, const char *trailer);
int32_t client_post_bytes(const char *path, const char *fields, const char *content, size_t len);

/* Until neither side has more to say. */
void client_settle(void);
struct client_stream *client_stream(int32_t id);
/* After client_settle: the stream has ended with this status and body. */
void client_expect(int32_t id, int status, const char *body);
void client_expect_reset(int32_t id, uint32_t error);
/* Bytes that the session would not send. */
void client_raw(const void *bytes, size_t len);

#endif
