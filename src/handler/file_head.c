/*
 * file_head.c - validators and fields of a file, as it is or in a content coding (RFC 9110
 * sections 8.4, 8.8 and 12.5.5).
 */
#include "handler/file_head.h"

#include "base/date.h"
#include "base/mem.h"
#include "handler/file_etag.h"

#include <stdio.h>

enum {
	TEXT_MAX = 512,               /* of the fields, but for Content-Type and Cache-Control */
	ETAG_MAX = FILE_ETAG_MAX + 8, /* W/ and a coding's suffix */
};

/* HTTP/1 shows names as people write them, HTTP/2 has them in lower case. */
struct name {
	enum field_id id;
	const char *text;
	const char *lower;
};
static const struct name name_etag = { FIELD_OTHER, "ETag", "etag" };
static const struct name name_modified = { FIELD_OTHER, "Last-Modified", "last-modified" };
static const struct name name_cache = { FIELD_CACHE_CONTROL, "Cache-Control", "cache-control" };
static const struct name name_ranges = { FIELD_OTHER, "Accept-Ranges", "accept-ranges" };
static const struct name name_options = { FIELD_OTHER, "X-Content-Type-Options",
	"x-content-type-options" };
static const struct name name_vary = { FIELD_OTHER, "Vary", "vary" };
static const struct name name_coding = { FIELD_CONTENT_ENCODING, "Content-Encoding",
	"content-encoding" };
static const struct name name_type = { FIELD_CONTENT_TYPE, "Content-Type", "content-type" };

/* Appends a line to the text and notes the field. */
static void add_field(struct file_head *h, const struct name *name, struct slice value)
{
	struct slice *all = &h->full.text;
	struct field *field = &h->list[h->full.count++];
	char *at = (char *)all->ptr + all->len;
	size_t name_len = strlen(name->text);
	memcpy(at, name->text, name_len);
	memcpy(at + name_len, ": ", 2);
	memcpy(at + name_len + 2, value.ptr, value.len);
	memcpy(at + name_len + 2 + value.len, "\r\n", 2);
	field->id = name->id;
	field->name = slice_of(name->lower, name_len);
	field->value = slice_of(at + name_len + 2, value.len);
	all->len += name_len + 2 + value.len + 2;
}

/* Weak for a coding: the same content may come in other bytes, a quick version first and a smaller
 * one later. */
static struct slice make_etag(const struct file_facts *facts, char text[ETAG_MAX])
{
	char room[FILE_ETAG_MAX];
	struct slice strong = file_etag(facts->stamp->size, facts->stamp->modified, room);
	struct slice inner = slice_head(strong, strong.len - 1);
	const char *suffix = coding_suffix(facts->coding);
	int len =
	    suffix ? snprintf(text, ETAG_MAX, "W/" SLICE_FMT "-%s\"", SLICE_ARG(inner), suffix + 1)
		   : snprintf(text, ETAG_MAX, SLICE_FMT, SLICE_ARG(strong));
	return slice_of(text, (size_t)len);
}

void file_head_make(struct file_head *h, const struct file_facts *facts)
{
	char etag[ETAG_MAX], date[DATE_HTTP_LEN];
	bool coded = facts->coding != CODING_IDENTITY;
	char *text = mem_alloc(TEXT_MAX + facts->cache_control.len + facts->type.len);
	date_format_http(facts->stamp->modified.tv_sec, date);
	h->full = (struct field_block){ .text = slice_of(text, 0), .list = h->list };
	add_field(h, &name_etag, make_etag(facts, etag));
	h->validators = (struct validators){
		.etag = h->list[0].value,
		.modified = facts->stamp->modified.tv_sec,
		.exists = true,
	};
	add_field(h, &name_modified, slice_of(date, sizeof(date)));
	if (facts->cache_control.len)
		add_field(h, &name_cache, facts->cache_control);
	if (!coded)
		add_field(h, &name_ranges, SLICE("bytes"));
	add_field(h, &name_options, SLICE("nosniff"));
	if (facts->varies)
		add_field(h, &name_vary, SLICE("Accept-Encoding"));
	h->base = h->full;
	if (coded || facts->packed)
		add_field(h, &name_coding, coding_name(coded ? facts->coding : CODING_GZIP));
	add_field(h, &name_type, facts->type);
}

void file_head_fini(struct file_head *h)
{
	mem_free((char *)h->full.text.ptr);
	*h = (struct file_head){ 0 };
}
