/*
 * files_answer.c - see files_answer.h. RFC 9110 sections 13 (conditions), 14 (ranges) and 15.3.7
 * (206).
 */
#include "handler/files_answer.h"

#include "app/module.h"
#include "base/clock.h"
#include "event/loop.h"
#include "handler/file_source.h"
#include "http/range.h"
#include "http/target.h"

#include <stdio.h>

/* What is sent from the entry: from memory, or by a source. The block of fields lives as long as
 * either. */
static void set_content(struct request *r, struct file_entry *e, struct file_segment *segments,
    unsigned count, uint64_t length)
{
	if (e->fd < 0 && count == 1 && segments->head.len == 0) {
		struct slice body = slice_tail(e->body, segments->first);
		response_set_body(r, slice_head(body, segments->length), &e->owner);
		return;
	}
	response_set_source(r, file_source_new(r, e, segments, count), (int64_t)length);
	r->response.body_owner = &e->owner;
	owner_hold(&e->owner);
}

static void answer_whole(struct request *r, struct file_entry *e)
{
	r->response.status = 200;
	if (e->fd < 0) {
		response_set_body(r, e->body, &e->owner);
	} else {
		struct file_segment *all = arena_zalloc(&r->arena, sizeof(*all));
		all->length = e->stamp.size;
		set_content(r, e, all, 1, all->length);
	}
	r->response.block = &e->full;
	response_start(r);
}

static void answer_unchanged(struct request *r, struct file_entry *e)
{
	r->response.status = 304;
	response_set_body(r, SLICE_NONE, &e->owner);
	r->response.block = &e->base;
	response_start(r);
}

static void add_content_range(struct request *r, const struct byte_range *range, uint64_t size)
{
	char *text = arena_bytes(&r->arena, RANGE_TEXT);
	size_t len = range_format(range, size, text);
	response_add_static(r, FIELD_CONTENT_RANGE, SLICE("Content-Range"), slice_of(text, len));
}

static void answer_range(struct request *r, struct file_entry *e, const struct byte_range *range)
{
	struct file_segment *one = arena_zalloc(&r->arena, sizeof(*one));
	one->first = range->first;
	one->length = range->length;
	r->response.status = 206;
	set_content(r, e, one, 1, range->length);
	add_content_range(r, range, e->stamp.size);
	r->response.block = &e->full;
	response_start(r);
}

/* Section 14.6: each part with a head of its own, between boundaries that no text is likely to
 * have. */
static void answer_ranges(struct request *r, struct file_entry *e, const struct ranges *ranges)
{
	static uint64_t made;
	char boundary[40], range[RANGE_TEXT];
	struct file_segment *list = arena_zalloc(&r->arena, (ranges->count + 1) * sizeof(*list));
	uint64_t length = 0;
	snprintf(boundary, sizeof(boundary), "part-%016llx",
	    (unsigned long long)(e->hash ^ 0x9e3779b97f4a7c15ULL * ++made));
	for (unsigned i = 0; i < ranges->count; i++) {
		range_format(&ranges->list[i], e->stamp.size, range);
		list[i].head = slice_str(arena_printf(&r->arena,
		    "\r\n--%s\r\nContent-Type: " SLICE_FMT "\r\nContent-Range: %s\r\n\r\n",
		    boundary, SLICE_ARG(e->type), range));
		list[i].first = ranges->list[i].first;
		list[i].length = ranges->list[i].length;
		length += list[i].head.len + list[i].length;
	}
	list[0].head = slice_tail(list[0].head, 2); /* the first needs no line end before it */
	struct file_segment *end = &list[ranges->count];
	end->head = slice_str(arena_printf(&r->arena, "\r\n--%s--\r\n", boundary));
	r->response.status = 206;
	set_content(r, e, list, ranges->count + 1, length - 2 + end->head.len);
	response_add_static(r, FIELD_CONTENT_TYPE, SLICE("Content-Type"),
	    slice_str(arena_printf(&r->arena, "multipart/byteranges; boundary=%s", boundary)));
	r->response.block = &e->base;
	response_start(r);
}

static void answer_unsatisfied(struct request *r, struct file_entry *e)
{
	add_content_range(r, NULL, e->stamp.size);
	response_error(r, 416, NULL);
}

static time_t now_s(void)
{
	return app_worker.loop ? loop_wall_s(app_worker.loop) : (time_t)(clock_wall_ms() / 1000);
}

static void answer_by_fields(struct request *r, struct file_entry *e)
{
	struct ranges ranges;
	enum range_verdict verdict = RANGE_WHOLE;
	int status = conditions_check(r, &e->validators, now_s());
	if (status == 304) {
		answer_unchanged(r, e);
		return;
	}
	if (status) {
		response_error(r, status, NULL);
		return;
	}
	/* Range means something for GET only (section 14.2); and only once. */
	if (r->method == METHOD_GET && fields_count(&r->fields, FIELD_RANGE) == 1 &&
	    conditions_range_applies(r, &e->validators, now_s()))
		verdict = range_parse(fields_get(&r->fields, FIELD_RANGE), e->stamp.size, &ranges);
	if (verdict == RANGE_UNSATISFIED)
		answer_unsatisfied(r, e);
	else if (verdict == RANGE_WHOLE)
		answer_whole(r, e);
	else if (ranges.count == 1)
		answer_range(r, e, &ranges.list[0]);
	else
		answer_ranges(r, e, &ranges);
}

void files_answer_regular(struct request *r, struct file_entry *e)
{
	if (r->fields.present & (CONDITION_FIELDS | 1u << FIELD_RANGE))
		answer_by_fields(r, e);
	else
		answer_whole(r, e);
}

void files_answer_directory(struct request *r)
{
	/* The path is canonical: it begins with one slash, so no "//host" comes out; the rest is
	 * encoded. */
	struct slice path = target_encode(r->path, &r->arena);
	const char *mark = r->query.ptr ? "?" : "";
	struct slice to = slice_str(arena_printf(
	    &r->arena, SLICE_FMT "/%s" SLICE_FMT, SLICE_ARG(path), mark, SLICE_ARG(r->query)));
	response_add_static(r, FIELD_OTHER, SLICE("Location"), to);
	r->response.status = 301;
	response_start(r);
}
