/*
 * write.c - writes heads straight into the output queue: the size is known before, so nothing is
 * checked a byte.
 *
 * Called by reply.c. What may stand in a field was checked when it was added (http/response.c).
 */
#include "http1/write.h"

#include "base/date.h"
#include "base/number.h"
#include "http/server.h"
#include "http/status.h"

#include <assert.h>

/*
 * All that is ours in a head: status line (13 + the longest reason, 31, + 2), Server and Date (52),
 * Content-Length (16 + 20 + 2), Transfer-Encoding (28), Connection (24), Keep-Alive (20 + 20 + 2),
 * the last CRLF: 231.
 */
enum { OWN_MAX = 256 };

#define SERVER "Server: httpd\r\n"
#define SERVER_AND_DATE SERVER "Date: "

/* Server and Date of the second at hand: the same for every response in it. */
static struct {
	int64_t wall_s;
	char text[sizeof(SERVER_AND_DATE) - 1 + DATE_HTTP_LEN + 2];
} now = { .wall_s = -1 };

void h1_write_set_time(int64_t wall_s)
{
	if (now.wall_s == wall_s)
		return;
	now.wall_s = wall_s;
	memcpy(now.text, SERVER_AND_DATE, sizeof(SERVER_AND_DATE) - 1);
	char *date = now.text + sizeof(SERVER_AND_DATE) - 1;
	date_format_http((time_t)wall_s, date);
	memcpy(date + DATE_HTTP_LEN, "\r\n", 2);
	http_answers_set_time(wall_s);
}

static char *put(char *to, struct slice s)
{
	if (s.len)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

static char *put_number(char *to, struct slice name, uint64_t value)
{
	to = put(to, name);
	to += number_format(value, to);
	return put(to, SLICE("\r\n"));
}

static char *put_status(char *to, int status)
{
	if (status == 200)
		return put(to, SLICE("HTTP/1.1 200 OK\r\n"));
	to = put(to, SLICE("HTTP/1.1 "));
	to += number_format((uint64_t)status, to);
	*to++ = ' ';
	to = put(to, slice_str(status_reason(status)));
	return put(to, SLICE("\r\n"));
}

/* Framing and persistence are decided here: what a handler (or a server behind us) says of them is
 * left out. */
static uint32_t ours(const struct response *response)
{
	uint32_t set = UINT32_C(1) << FIELD_CONTENT_LENGTH |
		       UINT32_C(1) << FIELD_TRANSFER_ENCODING | UINT32_C(1) << FIELD_CONNECTION |
		       UINT32_C(1) << FIELD_KEEP_ALIVE | UINT32_C(1) << FIELD_DATE;

	return response->own_server ? set : set | UINT32_C(1) << FIELD_SERVER;
}

static size_t fields_size(const struct fields *f)
{
	size_t size = 0;

	for (unsigned i = 0; i < f->count; i++)
		size += f->list[i].name.len + f->list[i].value.len + 4;
	return size;
}

static char *put_fields(char *to, const struct response *response)
{
	const struct fields *f = &response->fields;
	uint32_t left_out = ours(response);

	for (unsigned i = 0; i < f->count; i++) {
		const struct field *field = &f->list[i];
		if (left_out >> field->id & 1)
			continue;
		to = put(to, field->name);
		to = put(to, SLICE(": "));
		to = put(to, field->value);
		to = put(to, SLICE("\r\n"));
	}
	return to;
}

static char *put_form(char *to, const struct h1_form *form, int64_t length)
{
	if (form->length)
		to = put_number(to, SLICE("Content-Length: "), (uint64_t)length);
	if (form->chunked)
		to = put(to, SLICE("Transfer-Encoding: chunked\r\n"));
	if (form->close)
		to = put(to, SLICE("Connection: close\r\n"));
	if (form->keep_alive_s) {
		to = put(to, SLICE("Connection: keep-alive\r\n"));
		to = put_number(to, SLICE("Keep-Alive: timeout="), form->keep_alive_s);
	}
	return put(to, SLICE("\r\n"));
}

void h1_write_head(struct outq *q, struct request *r, const struct h1_form *form, struct slice body,
    struct owner *owner)
{
	const struct response *response = &r->response;
	struct slice block = response->block ? response->block->text : SLICE_NONE;
	size_t size = OWN_MAX + block.len + fields_size(&response->fields) + body.len;
	bool fits = size <= OUTQ_CHUNK;
	char *text = fits ? outq_reserve(q, size) : arena_bytes(&r->arena, size);
	char *to = put_status(text, response->status);

	struct slice own = slice_of(now.text, sizeof(now.text));
	to = put(to, response->own_server ? slice_tail(own, sizeof(SERVER) - 1) : own);
	to = put(to, block);
	to = put_fields(to, response);
	to = put_form(to, form, response->length);
	to = put(to, body);
	assert((size_t)(to - text) <= size);
	if (fits)
		outq_commit(q, (size_t)(to - text));
	else
		outq_borrow(q, slice_of(text, (size_t)(to - text)), owner);
}

void h1_write_interim(struct outq *q, int status, const struct fields *fields)
{
	char line[OWN_MAX];

	outq_copy(q, slice_of(line, (size_t)(put_status(line, status) - line)));
	for (unsigned i = 0; fields && i < fields->count; i++) {
		outq_copy(q, fields->list[i].name);
		outq_copy(q, SLICE(": "));
		outq_copy(q, fields->list[i].value);
		outq_copy(q, SLICE("\r\n"));
	}
	outq_copy(q, SLICE("\r\n"));
}

void h1_write_chunk_begin(struct outq *q, uint64_t size)
{
	static const char digits[] = "0123456789abcdef";
	char text[16 + 2];
	size_t at = sizeof(text);

	text[--at] = '\n';
	text[--at] = '\r';
	do
		text[--at] = digits[size & 15];
	while ((size >>= 4) != 0);
	outq_copy(q, slice_of(text + at, sizeof(text) - at));
}

void h1_write_chunk_end(struct outq *q)
{
	outq_copy(q, SLICE("\r\n"));
}

void h1_write_chunks_end(struct outq *q)
{
	outq_copy(q, SLICE("0\r\n\r\n"));
}
