/*
 * session.c - between the connection and the library: bytes in, frame by frame, each asked of the
 * guard first; frames out; and its callbacks, each a line or two that calls the stream concerned.
 *
 * With RFC 9218 priorities in place of those of RFC 7540: the library keeps the order of streams by
 * `priority` fields and PRIORITY_UPDATE frames.
 */
#include "http2/stream.h"

#include "http2/http2.h"

#include <assert.h>

enum {
	/* Frames without content that wait in the session: while the peer takes none, no more of
	 * its own are read. */
	QUEUE_MAX = 256,
};

const char *http2_library(void)
{
	return nghttp2_version(0)->version_str;
}

static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- callbacks: what came in --------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;
	int32_t id = frame->hd.stream_id;

	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		h->heading = stream_of(session, id);
		return 0;
	}
	h->heading = h2_stream_new(h, id);
	nghttp2_session_set_stream_user_data(session, id, h->heading);
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct h2 *h = user;
	struct slice n = slice_of((const char *)name, name_len);
	struct slice v = slice_of((const char *)value, value_len);
	struct h2_fault fault = h2_guard_field(&h->guard, name_len + value_len);

	(void)session;
	(void)flags;
	if (fault.error) {
		h2_give_up(h, fault);
		/* The rest of the block is decoded without another look at its fields. */
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	if (!h->heading)
		return 0;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		h2_field_in(h->heading, n, v);
	else
		h2_trailer_in(h->heading, n, v);
	return 0;
}

/* The library would leave the field out and go on; RFC 9113 section 8.2.1 calls the request
 * malformed. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
    void *user)
{
	(void)session, (void)frame, (void)name, (void)name_len;
	(void)value, (void)value_len, (void)flags, (void)user;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void on_headers(struct h2_stream *x, const nghttp2_frame *frame)
{
	bool ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	x->h2->heading = NULL;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		h2_stream_begin(x, ended);
	else if (ended)
		h2_content_end(x);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;
	struct h2_stream *x = h->heading;

	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		if (x)
			on_headers(x, frame);
		break;
	case NGHTTP2_DATA:
		if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
			break;
		x = stream_of(session, frame->hd.stream_id);
		if (x)
			h2_content_end(x);
		break;
	case NGHTTP2_RST_STREAM:
		x = stream_of(session, frame->hd.stream_id);
		if (x)
			x->by_peer = true;
		break;
	case NGHTTP2_PING:
		if ((frame->hd.flags & NGHTTP2_FLAG_ACK) && h->state == H2_NOTICE)
			h2_leave_now(h);
		break;
	default:
		break;
	}
	return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
    size_t len, void *user)
{
	struct h2_stream *x = stream_of(session, id);

	(void)flags;
	(void)user;
	if (x)
		h2_content_take(x, slice_of((const char *)data, len));
	else
		nghttp2_session_consume(session, id, len);
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
	struct h2_stream *x = stream_of(session, id);
	bool by_peer = !x || x->by_peer;

	if (x)
		h2_stream_closed(x);
	/* A setting that takes a window over its maximum ends the connection (section 6.9.2); the
	 * library ends the streams concerned. */
	if (error == NGHTTP2_FLOW_CONTROL_ERROR && !by_peer)
		h2_give_up(user, (struct h2_fault){ error, "a window over 2^31 (RFC 9113 6.9)" });
	return 0;
}

/* ---- callbacks: what goes out -------------------------------------------------------------- */

static ssize_t on_length(nghttp2_session *session, uint8_t type, int32_t id, int32_t conn_window,
    int32_t stream_window, uint32_t frame_max, void *user)
{
	(void)session, (void)type, (void)id, (void)conn_window, (void)stream_window, (void)user;
	return frame_max < H2_DATA_MAX ? frame_max : H2_DATA_MAX;
}

static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
    size_t length, nghttp2_data_source *source, void *user)
{
	struct h2_stream *x = source->ptr;
	int rc = h2_reply_frame(x, head, length);

	(void)session;
	(void)user;
	if ((rc == 0 || rc == NGHTTP2_ERR_PAUSE) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		h2_stream_answered(x);
	return rc;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	if (frame->hd.type == NGHTTP2_GOAWAY)
		h2_notice_sent(user);
	if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
		struct h2_stream *x = stream_of(session, frame->hd.stream_id);
		if (x)
			h2_stream_answered(x);
	}
	return 0;
}

/* ---- a session ----------------------------------------------------------------------------- */

static const nghttp2_session_callbacks *callbacks(void)
{
	static nghttp2_session_callbacks *all;

	if (all)
		return all;
	nghttp2_session_callbacks_new(&all);
	nghttp2_session_callbacks_set_on_begin_headers_callback(all, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(all, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(all, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(all, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(all, on_stream_close);
	nghttp2_session_callbacks_set_data_source_read_length_callback(all, on_length);
	nghttp2_session_callbacks_set_send_data_callback(all, on_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(all, on_frame_send);
	return all;
}

static const nghttp2_option *options(void)
{
	static nghttp2_option *all;

	if (all)
		return all;
	nghttp2_option_new(&all);
	nghttp2_option_set_no_auto_window_update(all, 1);
	nghttp2_option_set_no_closed_streams(all, 1);
	nghttp2_option_set_max_outbound_ack(all, QUEUE_MAX);
	nghttp2_option_set_builtin_recv_extension_type(all, NGHTTP2_PRIORITY_UPDATE);
	return all;
}

static uint32_t field_list_max(const struct http_limits *limits)
{
	uint64_t most = (uint64_t)limits->header_size + limits->uri;

	return most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
}

void h2_session_open(struct h2 *h)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, field_list_max(&h->server->limits) },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};
	const size_t count = sizeof(settings) / sizeof(settings[0]);

	h->preface = (uint32_t)http2_preface.len;
	int rc = nghttp2_session_server_new3(&h->session, callbacks(), h, options(), h2_memory());
	assert(rc == 0);
	rc = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, count);
	assert(rc == 0);
	nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, H2_WINDOW_CONN);
}

void h2_session_close(struct h2 *h)
{
	nghttp2_session_del(h->session);
	h->session = NULL;
}

bool h2_session_has_room(const struct h2 *h)
{
	return nghttp2_session_get_outbound_queue_size(h->session) < QUEUE_MAX;
}

bool h2_session_at_rest(const struct h2 *h)
{
	return h->preface == 0 && h->left == 0 && h->head_len == 0;
}

bool h2_session_in_head(const struct h2 *h)
{
	if (h->guard.in_block)
		return true;
	return h->left > 0 && (h->type == H2_HEADERS || h->type == H2_CONTINUATION);
}

static struct h2_fault fault_of(ssize_t error)
{
	switch (error) {
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
		return (struct h2_fault){ NGHTTP2_PROTOCOL_ERROR, "no preface (RFC 9113 3.4)" };
	case NGHTTP2_ERR_FLOODED:
		return (struct h2_fault){ NGHTTP2_ENHANCE_YOUR_CALM, "flood of frames" };
	default:
		return (struct h2_fault){ NGHTTP2_INTERNAL_ERROR, nghttp2_strerror((int)error) };
	}
}

static void take(struct h2 *h, const char *bytes, size_t n)
{
	ssize_t used = nghttp2_session_mem_recv(h->session, (const uint8_t *)bytes, n);

	if (used < 0)
		h2_give_up(h, fault_of(used));
}

static bool is_sound(struct h2 *h, const struct h2_frame *frame)
{
	bool live = frame->stream <= h->guard.last && stream_of(h->session, (int32_t)frame->stream);
	struct h2_fault fault = h2_guard_frame(&h->guard, frame, live, h2_now_ms(h));

	h->left = frame->length;
	h->type = frame->type;
	if (fault.error)
		h2_give_up(h, fault);
	return !fault.error;
}

static size_t part(uint32_t *left, size_t have)
{
	size_t n = have < *left ? have : *left;

	*left -= (uint32_t)n;
	return n;
}

/* The usual case: head and payload, or the first part of it, stand in the buffer. Returns how many
 * bytes were taken. */
static size_t take_frame(struct h2 *h, struct slice bytes)
{
	struct h2_frame frame = h2_frame_parse((const uint8_t *)bytes.ptr);
	struct slice payload = slice_tail(bytes, H2_FRAME_HEAD);

	frame.payload = slice_head(payload, frame.length);
	if (!is_sound(h, &frame))
		return 0;
	size_t n = H2_FRAME_HEAD + part(&h->left, payload.len);
	take(h, bytes.ptr, n);
	return n;
}

static size_t wanted_of_head(const struct h2 *h)
{
	if (h->head_len < H2_FRAME_HEAD)
		return H2_FRAME_HEAD;
	return H2_FRAME_HEAD + h2_guard_looks_at(h->head);
}

/* The head comes in pieces: the guard, and the library, get it as a whole, with what the guard
 * looks at of the payload. */
static size_t take_head(struct h2 *h, struct slice bytes)
{
	size_t n = 0;

	while (n < bytes.len && h->head_len < wanted_of_head(h))
		h->head[h->head_len++] = (uint8_t)bytes.ptr[n++];
	if (h->head_len < wanted_of_head(h))
		return n;
	struct h2_frame frame = h2_frame_parse(h->head);
	uint32_t more = h->head_len - H2_FRAME_HEAD;
	frame.payload = slice_of((const char *)h->head + H2_FRAME_HEAD, more);
	if (is_sound(h, &frame)) {
		h->left -= more;
		take(h, (const char *)h->head, h->head_len);
	}
	h->head_len = 0;
	return n;
}

void h2_session_feed(struct h2 *h)
{
	while (!h->fault.error && h2_session_has_room(h)) {
		struct slice bytes = conn_peek(h->conn);
		size_t n;
		if (bytes.len == 0)
			return;
		if (h->preface > 0 || h->left > 0) {
			n = part(h->preface > 0 ? &h->preface : &h->left, bytes.len);
			take(h, bytes.ptr, n);
		} else if (h->head_len == 0 && bytes.len >= sizeof(h->head)) {
			n = take_frame(h, bytes);
		} else {
			n = take_head(h, bytes);
		}
		conn_consume(h->conn, n);
	}
}

void h2_session_produce(struct h2 *h)
{
	struct outq *q = &h->conn->out;
	const uint8_t *bytes;
	ssize_t n = 1;

	h->paused = false;
	h2_head_set_time(loop_wall_s(h->conn->net->loop));
	/* The last words are sent in any case. */
	while (n > 0 && !h->paused && (q->bytes < H2_HIGH_WATER || h->fault.error)) {
		n = nghttp2_session_mem_send(h->session, &bytes);
		if (n > 0)
			outq_copy(q, slice_of((const char *)bytes, (size_t)n));
	}
	if (n < 0)
		h2_give_up(h, fault_of(n));
	h->paused |= q->bytes >= H2_HIGH_WATER;
}
