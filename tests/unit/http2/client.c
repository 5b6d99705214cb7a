/*
 * client.c - see client.h.
 */
#include "client.h"

#include "http2/http2.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 32, QUIET_TURNS = 4 };

struct client client;

struct client_stream *client_stream(int32_t id)
{
	assert_in_range(id, 1, 2 * CLIENT_STREAMS - 1);
	return &client.streams[(id - 1) / 2];
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct client_stream *s = client_stream(frame->hd.stream_id);

	(void)session, (void)flags, (void)user, (void)value_len;
	s->field_bytes = frame->hd.length;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
		int status = atoi((const char *)value);
		if (status >= 200)
			s->status = status;
		else
			s->hints = status;
	} else {
		size_t len = strlen(s->fields);
		snprintf(s->fields + len, sizeof(s->fields) - len, "%s: %s\n", (const char *)name,
		    (const char *)value);
	}
	return 0;
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
    size_t len, void *user)
{
	struct client_stream *s = client_stream(id);

	(void)session, (void)flags, (void)user;
	s->body = realloc(s->body, s->body_len + len + 1);
	assert_non_null(s->body);
	memcpy(s->body + s->body_len, data, len);
	s->body_len += len;
	s->body[s->body_len] = '\0';
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	(void)session, (void)user;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		if (client.goaways++ == 0)
			client.goaway_first = frame->goaway.last_stream_id;
		client.goaway_last = frame->goaway.last_stream_id;
		client.goaway_error = frame->goaway.error_code;
	}
	if (frame->hd.type <= NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		client_stream(frame->hd.stream_id)->ended = true;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
	(void)session, (void)user;
	client_stream(id)->closed = true;
	client_stream(id)->error = error;
	return 0;
}

static nghttp2_nv pair(const char *name, size_t name_len, const char *value, size_t value_len)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, name_len, value_len, 0 };
}

static ssize_t on_content(nghttp2_session *session, int32_t id, uint8_t *to, size_t max,
    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct client_stream *s = source->ptr;
	size_t n = s->content_left < max ? s->content_left : max;

	(void)user;
	memcpy(to, s->content, n);
	s->content += n;
	s->content_left -= n;
	if (s->stalls && n == 0)
		return NGHTTP2_ERR_DEFERRED;
	if (s->content_left > 0 || s->stalls)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (s->trailer) {
		nghttp2_nv nv = pair("x-sum", 5, s->trailer, strlen(s->trailer));
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		assert_int_equal(nghttp2_submit_trailer(session, id, &nv, 1), 0);
	}
	return (ssize_t)n;
}

void client_start(uint32_t window)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_settings_entry setting = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window };

	harness_start();
	harness.protocol = &http2_protocol;
	harness.server.limits.header_size = 2048;
	memset(&client, 0, sizeof(client));
	client.fd = harness_connect();
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_client_new(&client.session, callbacks, NULL);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(client.session, NGHTTP2_FLAG_NONE, &setting, window > 0);
}

void client_stop(void)
{
	for (int i = 0; i < CLIENT_STREAMS; i++)
		free(client.streams[i].body);
	nghttp2_session_del(client.session);
	close(client.fd);
	harness_stop();
}

/* "name: value\n" lines, split in place of the copy. */
static size_t add_fields(nghttp2_nv *list, const char *fields)
{
	size_t n = 0;

	while (fields && *fields) {
		const char *colon = strstr(fields, ": "), *end = strchr(fields, '\n');
		list[n++] =
		    pair(fields, (size_t)(colon - fields), colon + 2, (size_t)(end - colon) - 2);
		fields = end + 1;
	}
	return n;
}

static int32_t submit(
    const char *method, const char *path, const char *fields, const nghttp2_data_provider *provider)
{
	nghttp2_nv list[PAIRS];
	size_t n = 0;

	list[n++] = pair(":method", 7, method, strlen(method));
	list[n++] = pair(":scheme", 7, "http", 4);
	list[n++] = pair(":path", 5, path, strlen(path));
	list[n++] = pair(":authority", 10, "a", 1);
	n += add_fields(list + n, fields);
	return nghttp2_submit_request(client.session, NULL, list, n, provider, NULL);
}

int32_t client_ask(const char *method, const char *path, const char *fields)
{
	return submit(method, path, fields, NULL);
}

int32_t client_post_bytes(const char *path, const char *fields, const char *content, size_t len)
{
	struct client_stream *s =
	    client_stream((int32_t)nghttp2_session_get_next_stream_id(client.session));
	nghttp2_data_provider provider = { .source.ptr = s, .read_callback = on_content };

	s->content = content;
	s->content_left = len;
	return submit("POST", path, fields, &provider);
}

int32_t client_post(const char *path, const char *fields, const char *content, const char *trailer)
{
	struct client_stream *s =
	    client_stream((int32_t)nghttp2_session_get_next_stream_id(client.session));

	s->trailer = trailer;
	return client_post_bytes(path, fields, content, strlen(content));
}

void client_raw(const void *bytes, size_t len)
{
	harness_send(client.fd, bytes, len);
}

static bool say(void)
{
	const uint8_t *bytes;
	ssize_t n = nghttp2_session_mem_send(client.session, &bytes);

	assert_true(n >= 0);
	if (n > 0)
		harness_send(client.fd, (const char *)bytes, (size_t)n);
	return n > 0;
}

static bool hear(void)
{
	size_t len = harness.got_len;

	if (len == 0)
		return false;
	ssize_t n = nghttp2_session_mem_recv(client.session, (uint8_t *)harness.got, len);
	assert_int_equal(n, len);
	harness.got_len = 0;
	return true;
}

void client_settle(void)
{
	bool moved = true;

	while (moved) {
		moved = false;
		while (say())
			moved = true;
		harness_settle(client.fd);
		moved |= hear();
	}
}

void client_expect(int32_t id, int status, const char *body)
{
	const struct client_stream *s = client_stream(id);

	assert_int_equal(s->status, status);
	assert_string_equal(s->body ? s->body : "", body);
	assert_true(s->ended);
}

void client_expect_reset(int32_t id, uint32_t error)
{
	assert_true(client_stream(id)->closed);
	assert_int_equal(client_stream(id)->error, error);
}
