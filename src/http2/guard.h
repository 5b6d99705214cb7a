/*
 * guard.h - judges each frame by its header, before the library sees a byte of its payload.
 *
 * Here stands what costs us more than the peer, and what the library leaves to others: how long a
 * block of fields may be, in how many pieces, how many frames come that ask for work and bring
 * none, how many requests are cancelled, what may still come on a stream that has ended. No I/O and
 * no clock. What a frame means is the library's business.
 */
#ifndef HTTP2_GUARD_H
#define HTTP2_GUARD_H

#include "http/server.h"

#include <stddef.h>

enum { H2_FRAME_HEAD = 9, H2_GUARD_LOOKS_AT = 4, H2_REMEMBERED = 16 };

/* RFC 9113 section 6; the names of those that the guard knows. */
enum h2_frame_type {
	H2_DATA,
	H2_HEADERS,
	H2_PRIORITY,
	H2_RST_STREAM,
	H2_SETTINGS,
	H2_PUSH_PROMISE,
	H2_PING,
	H2_GOAWAY,
	H2_WINDOW_UPDATE,
	H2_CONTINUATION,
};

enum { H2_FLAG_END_HEADERS = 4, H2_FLAG_PADDED = 8 };

/* What a field counts for beside its bytes: RFC 9113 section 10.5.1. */
enum { H2_FIELD_COST = 32 };

struct h2_frame {
	uint32_t length;
	uint8_t type;
	uint8_t flags;
	uint32_t stream;
	struct slice payload; /* as much of it as h2_guard_looks_at says, or more */
};

/* Why a connection is given up. */
struct h2_fault {
	uint32_t error;     /* RFC 9113 section 7; 0: nothing is wrong */
	const char *reason; /* static text */
};

struct h2_guard {
	uint32_t block_max; /* of a block of fields, on the wire and decoded */
	uint32_t block;     /* bytes of the one at hand */
	uint32_t pieces;    /* its CONTINUATION frames */
	uint32_t last;      /* highest stream that the peer has used */
	int32_t calm;       /* what is left of the two budgets: see guard.c */
	int32_t patience;
	uint64_t refilled_ms;
	uint64_t decoded; /* bytes of the block's fields, with 32 for each */
	/* Streams that ended a moment ago, by the peer's own word or by ours; rings. */
	uint32_t ended[H2_REMEMBERED];
	uint32_t cut[H2_REMEMBERED];
	uint8_t ended_at;
	uint8_t cut_at;
	bool in_block; /* END_HEADERS has not come yet */
};

void h2_guard_init(struct h2_guard *g, const struct http_limits *limits, uint64_t now_ms);

struct h2_frame h2_frame_parse(const uint8_t head[H2_FRAME_HEAD]);

/* How many bytes of the payload the guard wants to see; at most H2_GUARD_LOOKS_AT. */
uint32_t h2_guard_looks_at(const uint8_t head[H2_FRAME_HEAD]);

/* To be asked of each frame. `live`: the library knows its stream. */
struct h2_fault h2_guard_frame(
    struct h2_guard *g, const struct h2_frame *frame, bool live, uint64_t now_ms);

/* To be asked of each field as it is decoded: a byte on the wire can stand for thousands. */
struct h2_fault h2_guard_field(struct h2_guard *g, size_t bytes);

/* A request came in whole, or a piece of content went either way: that is what the peer is here
 * for. */
void h2_guard_earn(struct h2_guard *g, int n);
enum { H2_EARN_REQUEST = 10, H2_EARN_CONTENT = 4 };

/* A stream has ended: after its response, or without one, by `peer` or by us. The fault is that it
 * happens too often. */
void h2_guard_completed(struct h2_guard *g, uint32_t stream, bool by_peer);
struct h2_fault h2_guard_broken(struct h2_guard *g, uint32_t stream, bool by_peer, uint64_t now_ms);

#endif
