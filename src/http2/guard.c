/*
 * guard.c - two budgets, two bounds, and a short memory. Called by session.c for each frame.
 *
 * Calm pays for frames that carry nothing: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA,
 * unknown ones, and for HEADERS and CONTINUATION as well. Requests and content earn it. A client
 * that works never runs out: for a request it sends a few such frames, for a piece of content one
 * or two.
 *
 * Patience pays for streams that end without their response, by RST_STREAM or because they break
 * the rules: the work for them was in vain ("rapid reset", in either direction). Each response that
 * got through earns it back.
 *
 * Time refills both, slowly, so that a connection that lives for days is not judged by its sum.
 */
#include "http2/guard.h"

enum {
	/* A thousand frames are read in about a millisecond: not worth an attacker's while. */
	CALM_MAX = 1000,
	CALM_A_SECOND = 100,
	/* Twice the streams that may be open at once: whoever leaves a page cancels all of them. */
	PATIENCE_MAX = 256,
	PATIENCE_A_SECOND = 16,
	/* A block is decoded even when it is over the limits, so that the answer can be 431 and the
	 * state of the compression stays sound; up to this many times over. */
	BLOCK_FACTOR = 2,
	BLOCK_LEAST = 32 << 10,
	/* Frames are of 16 KiB, and encoders fill them: with the first one 144 KiB. */
	PIECES_MAX = 8,
	/* DATA of so few bytes can be nothing but padding. */
	PADDING_MAX = 256,
	PRIORITY_UPDATE = 16,
};

/* RFC 9113 section 7. */
enum {
	PROTOCOL_ERROR = 1,
	STREAM_CLOSED = 5,
	ENHANCE_YOUR_CALM = 11,
};

static const struct h2_fault fine = { 0 };

static struct h2_fault bad(uint32_t error, const char *reason)
{
	return (struct h2_fault){ error, reason };
}

void h2_guard_init(struct h2_guard *g, const struct http_limits *limits, uint64_t now_ms)
{
	uint64_t block = BLOCK_FACTOR * ((uint64_t)limits->header_size + limits->uri) + BLOCK_LEAST;

	*g = (struct h2_guard){
		.block_max = block < UINT32_MAX ? (uint32_t)block : UINT32_MAX,
		.calm = CALM_MAX,
		.patience = PATIENCE_MAX,
		.refilled_ms = now_ms,
	};
}

struct h2_frame h2_frame_parse(const uint8_t head[H2_FRAME_HEAD])
{
	return (struct h2_frame){
		.length = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2],
		.type = head[3],
		.flags = head[4],
		.stream = ((uint32_t)head[5] & 0x7f) << 24 | (uint32_t)head[6] << 16 |
			  (uint32_t)head[7] << 8 | head[8],
	};
}

static int32_t add(int32_t budget, uint64_t n, int32_t max)
{
	return n < (uint64_t)(max - budget) ? budget + (int32_t)n : max;
}

static void refill(struct h2_guard *g, uint64_t now_ms)
{
	uint64_t past_ms = now_ms - g->refilled_ms;

	/* In steps of a second, so that nothing is lost to rounding. */
	if (past_ms < 1000)
		return;
	g->calm = add(g->calm, past_ms / 1000 * CALM_A_SECOND, CALM_MAX);
	g->patience = add(g->patience, past_ms / 1000 * PATIENCE_A_SECOND, PATIENCE_MAX);
	g->refilled_ms += past_ms / 1000 * 1000;
}

void h2_guard_earn(struct h2_guard *g, int n)
{
	g->calm = add(g->calm, (uint64_t)n, CALM_MAX);
}

static const char *flood(const struct h2_frame *frame)
{
	switch (frame->type) {
	case H2_DATA:
		return "flood of empty DATA frames";
	case H2_PRIORITY:
	case PRIORITY_UPDATE:
		return "flood of priorities";
	case H2_RST_STREAM:
		return "flood of RST_STREAM frames";
	case H2_SETTINGS:
		return "flood of SETTINGS frames";
	case H2_PING:
		return "flood of PING frames";
	case H2_WINDOW_UPDATE:
		return "flood of WINDOW_UPDATE frames";
	default:
		return "flood of frames without use";
	}
}

static bool is_content(const struct h2_frame *frame)
{
	uint32_t least = frame->flags & H2_FLAG_PADDED ? PADDING_MAX : 0;

	return frame->type == H2_DATA && frame->length > least;
}

static struct h2_fault check_calm(struct h2_guard *g, const struct h2_frame *frame, uint64_t now_ms)
{
	if (is_content(frame)) {
		h2_guard_earn(g, H2_EARN_CONTENT);
		return fine;
	}
	if (--g->calm > 0)
		return fine;
	g->calm = 0;
	refill(g, now_ms);
	return g->calm > 0 ? fine : bad(ENHANCE_YOUR_CALM, flood(frame));
}

/* How much of a block of fields there is, before one byte of it is decoded. */
static struct h2_fault check_block(struct h2_guard *g, const struct h2_frame *frame)
{
	if (frame->type == H2_HEADERS) {
		g->block = 0;
		g->decoded = 0;
		g->pieces = 0;
	} else if (frame->type != H2_CONTINUATION) {
		return fine;
	} else if (++g->pieces > PIECES_MAX) {
		return bad(ENHANCE_YOUR_CALM, "fields in too many CONTINUATION frames");
	}
	g->in_block = !(frame->flags & H2_FLAG_END_HEADERS);
	g->block = frame->length < UINT32_MAX - g->block ? g->block + frame->length : UINT32_MAX;
	if (g->block > g->block_max)
		return bad(ENHANCE_YOUR_CALM, "fields are far too large");
	return fine;
}

struct h2_fault h2_guard_field(struct h2_guard *g, size_t bytes)
{
	g->decoded += bytes + H2_FIELD_COST;
	if (g->decoded <= g->block_max)
		return fine;
	return bad(ENHANCE_YOUR_CALM, "fields are far too large when decoded");
}

static bool remembers(const uint32_t ring[H2_REMEMBERED], uint32_t stream)
{
	for (unsigned i = 0; i < H2_REMEMBERED; i++)
		if (ring[i] == stream)
			return true;
	return false;
}

/*
 * Section 5.1, closed streams. The peer that ended a stream itself knows that it must not go on; if
 * we cut it, frames may have been under way. The library forgets a stream at once and lets all of
 * them pass.
 */
static struct h2_fault check_stream(struct h2_guard *g, const struct h2_frame *frame, bool live)
{
	if (frame->type > H2_HEADERS || frame->stream % 2 == 0)
		return fine;
	if (frame->stream > g->last) {
		if (frame->type == H2_HEADERS)
			g->last = frame->stream;
		return fine;
	}
	if (live)
		return fine;
	if (remembers(g->ended, frame->stream))
		return bad(STREAM_CLOSED, "frame on a stream that has ended (RFC 9113 5.1)");
	if (frame->type == H2_HEADERS && !remembers(g->cut, frame->stream))
		return bad(PROTOCOL_ERROR, "stream numbers must grow (RFC 9113 5.1.1)");
	return fine;
}

uint32_t h2_guard_looks_at(const uint8_t head[H2_FRAME_HEAD])
{
	struct h2_frame frame = h2_frame_parse(head);

	if (frame.type != H2_PRIORITY && frame.type != PRIORITY_UPDATE)
		return 0;
	return frame.length < H2_GUARD_LOOKS_AT ? frame.length : H2_GUARD_LOOKS_AT;
}

/* The stream that the payload begins with. */
static uint32_t named_stream(const struct h2_frame *frame)
{
	const uint8_t *p = (const uint8_t *)frame->payload.ptr;

	return ((uint32_t)p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/*
 * Section 6.3. The library skips these frames, since the priorities of RFC 7540 are not spoken. The
 * loop of RFC 7540 section 5.3.1 harms nobody here, but is an error to those who test for it.
 */
static struct h2_fault check_priority(const struct h2_frame *frame)
{
	if (frame->type != H2_PRIORITY)
		return fine;
	if (frame->stream == 0)
		return bad(PROTOCOL_ERROR, "PRIORITY without a stream (RFC 9113 6.3)");
	if (frame->payload.len < H2_GUARD_LOOKS_AT || named_stream(frame) != frame->stream)
		return fine;
	return bad(PROTOCOL_ERROR, "stream depends on itself");
}

/* RFC 9218 section 7.1. The library passes over one for stream 0. */
static struct h2_fault check_priority_update(const struct h2_frame *frame)
{
	if (frame->type != PRIORITY_UPDATE || frame->payload.len < H2_GUARD_LOOKS_AT ||
	    named_stream(frame) != 0)
		return fine;
	return bad(PROTOCOL_ERROR, "PRIORITY_UPDATE for no stream (RFC 9218 7.1)");
}

struct h2_fault h2_guard_frame(
    struct h2_guard *g, const struct h2_frame *frame, bool live, uint64_t now_ms)
{
	/* The library sees to it that nothing else comes in between. */
	if (g->in_block && frame->type != H2_CONTINUATION)
		return bad(PROTOCOL_ERROR, "no CONTINUATION where one is due (RFC 9113 6.10)");
	struct h2_fault fault = check_calm(g, frame, now_ms);
	if (!fault.error)
		fault = check_block(g, frame);
	if (!fault.error)
		fault = check_stream(g, frame, live);
	if (!fault.error)
		fault = check_priority(frame);
	if (!fault.error)
		fault = check_priority_update(frame);
	return fault;
}

static void remember(struct h2_guard *g, uint32_t stream, bool by_peer)
{
	if (by_peer)
		g->ended[g->ended_at++ % H2_REMEMBERED] = stream;
	else
		g->cut[g->cut_at++ % H2_REMEMBERED] = stream;
}

void h2_guard_completed(struct h2_guard *g, uint32_t stream, bool by_peer)
{
	remember(g, stream, by_peer);
	g->patience = add(g->patience, 1, PATIENCE_MAX);
}

struct h2_fault h2_guard_broken(struct h2_guard *g, uint32_t stream, bool by_peer, uint64_t now_ms)
{
	remember(g, stream, by_peer);
	refill(g, now_ms);
	if (--g->patience > 0)
		return fine;
	return bad(ENHANCE_YOUR_CALM, "too many requests cancelled or malformed");
}
