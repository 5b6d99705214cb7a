/*
 * head.c - the head of a response as pairs for the session (RFC 9113 section 8.3.2).
 *
 * Pairs are borrowed, not copied, wherever they live as long as the stream does. The library
 * decides what goes into the table of the compression; it knows to leave out etag, content-length
 * and the like, and is told of what else is different each time.
 */
#include "http2/stream.h"

#include "base/date.h"
#include "base/number.h"

enum {
	/* Most heads have fewer pairs; more go to the arena. */
	PAIRS = 64,
	OWN = 4, /* :status, server, date, content-length */
	BORROWED = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE,
};

static struct {
	int64_t wall_s;
	char text[DATE_HTTP_LEN + 1];
} now = { .wall_s = -1 };

void h2_head_set_time(int64_t wall_s)
{
	if (now.wall_s == wall_s)
		return;
	now.wall_s = wall_s;
	date_format_http((time_t)wall_s, now.text);
}

static nghttp2_nv pair(struct slice name, struct slice value, uint8_t flags)
{
	return (
	    nghttp2_nv){ (uint8_t *)name.ptr, (uint8_t *)value.ptr, name.len, value.len, flags };
}

static struct slice status_text(struct h2_stream *x, int status)
{
	char *text;

	switch (status) {
	case 200:
		return SLICE("200");
	case 304:
		return SLICE("304");
	case 404:
		return SLICE("404");
	default:
		text = arena_bytes(&x->request.arena, 20);
		return slice_of(text, number_format((uint64_t)status, text));
	}
}

/* Framing is ours, and of a connection HTTP/2 says nothing (section 8.2.2): what a handler (or a
 * server behind us) says of them is left out. */
static bool is_ours(const struct field *field, bool own_server)
{
	const uint32_t ours = UINT32_C(1) << FIELD_CONTENT_LENGTH |
			      UINT32_C(1) << FIELD_TRANSFER_ENCODING |
			      UINT32_C(1) << FIELD_CONNECTION | UINT32_C(1) << FIELD_KEEP_ALIVE |
			      UINT32_C(1) << FIELD_UPGRADE | UINT32_C(1) << FIELD_DATE;

	if (field->id == FIELD_OTHER)
		return slice_eq_ci(field->name, SLICE("proxy-connection"));
	if (field->id == FIELD_SERVER)
		return !own_server;
	return ours >> field->id & 1;
}

static nghttp2_nv *room_for(struct h2_stream *x, size_t count)
{
	static nghttp2_nv pairs[PAIRS];

	return count <= PAIRS ? pairs : arena_alloc(&x->request.arena, count * sizeof(*pairs));
}

/*
 * Values that no other response has would drive out of the compression's table what all have. Of
 * X-Request-ID the first goes in, so that the others find its name there; that of Content-Range is
 * known to everybody.
 */
static uint8_t indexing(struct h2 *h, enum field_id id)
{
	bool first = id == FIELD_X_REQUEST_ID && !h->id_named;

	if (id != FIELD_CONTENT_RANGE && id != FIELD_X_REQUEST_ID)
		return 0;
	h->id_named |= first;
	return first ? 0 : NGHTTP2_NV_FLAG_NO_INDEX;
}

/* The library makes names lower case when it copies them. */
static size_t add_fields(
    struct h2_stream *x, nghttp2_nv *list, const struct field *from, unsigned count, uint8_t flags)
{
	bool own_server = x->request.response.own_server;
	size_t n = 0;

	for (unsigned i = 0; i < count; i++) {
		if (is_ours(&from[i], own_server))
			continue;
		list[n++] = pair(from[i].name, from[i].value, flags | indexing(x->h2, from[i].id));
	}
	return n;
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t max,
    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	(void)session, (void)id, (void)to, (void)user;
	return h2_reply_length(source->ptr, max, flags);
}

int h2_head_submit(struct h2_stream *x, bool content, bool length)
{
	struct response *response = &x->request.response;
	const struct field_block *block = response->block;
	const struct fields *fields = &response->fields;
	nghttp2_nv *list = room_for(x, OWN + fields->count + (block ? block->count : 0));
	nghttp2_data_provider provider = { .source.ptr = x, .read_callback = on_read };
	size_t n = 0;

	h2_head_set_time(loop_wall_s(x->h2->conn->net->loop));
	list[n++] = pair(SLICE(":status"), status_text(x, response->status), BORROWED);
	if (!response->own_server)
		list[n++] = pair(SLICE("server"), SLICE("httpd"), BORROWED);
	list[n++] = pair(SLICE("date"), slice_of(now.text, DATE_HTTP_LEN), BORROWED);
	if (block)
		n += add_fields(x, list + n, block->list, block->count, BORROWED);
	n += add_fields(x, list + n, fields->list, fields->count, NGHTTP2_NV_FLAG_NO_COPY_VALUE);
	if (length) {
		char *text = arena_bytes(&x->request.arena, 20);
		size_t len = number_format((uint64_t)response->length, text);
		list[n++] = pair(SLICE("content-length"), slice_of(text, len), BORROWED);
	}
	return nghttp2_submit_response(x->h2->session, x->id, list, n, content ? &provider : NULL);
}

int h2_head_interim(struct h2_stream *x, int status, const struct fields *fields)
{
	nghttp2_nv *list = room_for(x, 1 + (fields ? fields->count : 0));
	size_t n = 0;

	list[n++] = pair(SLICE(":status"), status_text(x, status), BORROWED);
	if (fields)
		n += add_fields(x, list + n, fields->list, fields->count, NGHTTP2_NV_FLAG_NONE);
	return nghttp2_submit_headers(
	    x->h2->session, NGHTTP2_FLAG_NONE, x->id, NULL, list, n, NULL);
}
