/*
 * response.h - the response side of a request: what handlers call.
 *
 * A handler sets status, fields and one of body, source or nothing, then calls response_start
 * exactly once. Framing (length, chunked, close), Date, Server, Connection are the engine's alone:
 * handlers never set them; for Server see own_server.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "base/error.h"
#include "http/body.h"
#include "http/fields.h"

struct request;

/* Ready-made fields of a cached representation: as HTTP/1 text ("Name: value\r\n" lines) and as
 * pairs for HTTP/2, whose names are lower case. Immutable. */
struct field_block {
	struct slice text;
	const struct field *list;
	unsigned count;
};

struct response {
	int status; /* 0 until decided */
	bool started;
	struct fields fields;
	/* Sent before `fields`; kept alive by body_owner or the request's arena. Who sets it has
	 * chosen the content's form: it is not encoded on its way. */
	const struct field_block *block;
	int64_t length;    /* of the content; -1: unknown until the source ends */
	struct slice body; /* the whole content in memory, if source is NULL */
	/* Keeps body and block alive; the response holds one reference; NULL: arena or static. */
	struct owner *body_owner;
	struct source *source;
	bool close;       /* end the connection after this response (HTTP/1) */
	bool own_server;  /* the engine adds no Server: `fields` has another, or none is wanted */
	bool plain_error; /* made by response_error: a site's own page may take its place */
	/* Others who ask for the same address get something else: no cache of ours keeps it that
	 * was not told to by the answer itself. */
	bool personal;
	const char *note; /* why, for the error log and --explain: static text; may be NULL */
};

/* ERR_SYNTAX, and nothing is added, if name or value are not valid: CR, LF, NUL. Copies into the
 * request's arena unless _static. */
MUST_CHECK int response_add(struct request *r, struct slice name, struct slice value);
/* Our own text: not checked. */
void response_add_static(
    struct request *r, enum field_id id, struct slice name, struct slice value);

/*
 * For middleware, whatever was set before: in the block (which is then taken apart, for this
 * response alone) and in the fields. What is put in is not checked, as with response_add_static.
 */
void response_remove(struct request *r, struct slice name);
void response_replace(struct request *r, enum field_id id, struct slice name, struct slice value);
/* The answer depends on this field of the request: adds it to Vary unless that names it. */
void response_vary(struct request *r, struct slice name);

/* The whole content at once. `owner` gets a reference. */
void response_set_body(struct request *r, struct slice body, struct owner *owner);
/* A source of `length` bytes, -1 for unknown. The response closes it. Like response_set_body it
 * gives up what was set before, field block included; who wraps a body or a source instead puts the
 * wrapper into response.source and sets response.length himself, and leaves body_owner as it is. */
void response_set_source(struct request *r, struct source *source, int64_t length);

/* The head is decided: middleware may still change it (app->on_response), then the engine sends. */
void response_start(struct request *r);
/* The source that said WAIT has more. */
void response_wake(struct request *r);

/*
 * An error answer in the server's own plain style, as HTML, JSON (RFC 9457) or text by Accept; then
 * response_start. Fields added before are kept (Allow, Retry-After, WWW-Authenticate). `note` as
 * above.
 */
void response_error(struct request *r, int status, const char *note);
/* An interim response: 103 with `fields` (may be NULL). Not for HTTP/1.0. */
void response_interim(struct request *r, int status, const struct fields *fields);

/* For engines: gives back what the response holds. */
void response_fini(struct request *r);

#endif
