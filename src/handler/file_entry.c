/*
 * file_entry.c - makes an entry of the cache: validators, media type and the block of fields that
 * goes out with every answer.
 */
#include "handler/file_entry.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/mem.h"
#include "handler/file_etag.h"

#include <unistd.h>

enum {
	/* Times of files come from a clock that ticks at least every 10 ms; two ticks, to be safe.
	 */
	RACY_MS = 20,
	TEXT_MAX = 512, /* of the fields, but for Content-Type and Cache-Control */
};

static void on_last(struct owner *o)
{
	struct file_entry *e = CONTAINER_OF(o, struct file_entry, owner);
	if (e->fd >= 0)
		close(e->fd);
	mem_free((char *)e->body.ptr);
	mem_free((char *)e->full.text.ptr);
	mem_free(e);
}

/* Appends a line to `text` and notes the field. */
static void add_field(
    struct file_entry *e, char *text, enum field_id id, const char *name, struct slice value)
{
	struct slice *all = &e->full.text;
	struct field *field = &e->fields[e->full.count++];
	char *at = text + all->len;
	size_t name_len = strlen(name);
	memcpy(at, name, name_len);
	memcpy(at + name_len, ": ", 2);
	memcpy(at + name_len + 2, value.ptr, value.len);
	memcpy(at + name_len + 2 + value.len, "\r\n", 2);
	field->id = id;
	field->name = slice_of(at, name_len);
	field->value = slice_of(at + name_len + 2, value.len);
	all->len += name_len + 2 + value.len + 2;
}

static void make_fields(struct file_entry *e, struct slice cache_control)
{
	char etag[FILE_ETAG_MAX], date[DATE_HTTP_LEN];
	char *text = mem_alloc(TEXT_MAX + cache_control.len + e->type.len);
	date_format_http(e->stamp.modified.tv_sec, date);
	e->full = (struct field_block){ .text = slice_of(text, 0), .list = e->fields };
	add_field(e, text, FIELD_OTHER, "ETag", file_etag(e->stamp.size, e->stamp.modified, etag));
	e->validators = (struct validators){
		.etag = e->fields[0].value,
		.modified = e->stamp.modified.tv_sec,
		.exists = true,
	};
	add_field(e, text, FIELD_OTHER, "Last-Modified", slice_of(date, sizeof(date)));
	if (cache_control.len)
		add_field(e, text, FIELD_CACHE_CONTROL, "Cache-Control", cache_control);
	add_field(e, text, FIELD_OTHER, "Accept-Ranges", SLICE("bytes"));
	add_field(e, text, FIELD_OTHER, "X-Content-Type-Options", SLICE("nosniff"));
	e->base = e->full;
	add_field(e, text, FIELD_CONTENT_TYPE, "Content-Type", e->type);
}

static struct slice last_part(struct slice path)
{
	ptrdiff_t slash = slice_find_last(path, '/');
	return slash < 0 ? path : slice_tail(path, (size_t)slash + 1);
}

static void make_regular(struct file_entry *e, const struct files *f, struct file_found *found)
{
	uint64_t modified_ms = (uint64_t)found->stamp.modified.tv_sec * 1000 +
			       (uint64_t)found->stamp.modified.tv_nsec / 1000000;
	e->stamp = found->stamp;
	e->index = found->index;
	e->racy = clock_wall_ms() < modified_ms + RACY_MS;
	e->type = media_find(f->types, e->index ? slice_str(e->index) : last_part(e->path));
	e->fd = found->fd;
	found->fd = -1;
	if (found->body || e->stamp.size == 0) {
		e->body = slice_of(found->body, (size_t)e->stamp.size);
		found->body = NULL;
		close(e->fd);
		e->fd = -1;
	}
	make_fields(e, f->cache_control);
}

struct file_entry *file_entry_new(
    const struct files *f, struct slice path, struct file_found *found)
{
	struct file_entry *e = mem_zalloc(sizeof(*e) + path.len + 1);
	char *copy = (char *)(e + 1);
	memcpy(copy, path.ptr ? path.ptr : "", path.len);
	e->owner = (struct owner){ .refs = 1, .on_last = on_last };
	list_init(&e->node);
	e->files_id = f->id;
	e->path = slice_of(copy, path.len);
	e->kind = found->kind;
	e->error = found->error;
	e->fd = -1;
	if (e->kind == FILE_REGULAR)
		make_regular(e, f, found);
	file_found_fini(found);
	return e;
}

bool file_entry_holds(const struct file_entry *e, const struct file_found *found)
{
	if (e->kind != found->kind)
		return false;
	if (e->kind != FILE_REGULAR)
		return e->kind != FILE_FAILED;
	return !e->racy && e->index == found->index && file_stamp_equal(&e->stamp, &found->stamp);
}

size_t file_entry_size(const struct file_entry *e)
{
	return sizeof(*e) + e->path.len + e->full.text.len + e->body.len;
}
