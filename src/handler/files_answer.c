/*
 * files_answer.c - see files_answer.h. RFC 9110 sections 13 (conditions), 14 (ranges) and 15.3.7
 * (206). Which form of the file is sent is for file_choose.c to say.
 */
#include "handler/files_answer.h"

#include "app/module.h"
#include "base/clock.h"
#include "event/loop.h"
#include "handler/file_choose.h"
#include "handler/file_source.h"
#include "http/range.h"
#include "http/target.h"

#include <stdio.h>

static void keep_alive(struct request *r, struct owner *owner)
{
	r->response.body_owner = owner;
	owner_hold(owner);
}

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
	keep_alive(r, &e->owner);
}

/* What is shown of a file: as it is, or a variant. */
struct shown {
	const struct file_head *head;
	struct file_entry *file; /* whose bytes are sent; NULL: those of body */
	struct slice body;
	struct owner *owner; /* keeps all of it alive */
};

static struct shown shown_as_is(struct file_entry *e)
{
	return (struct shown){ &e->head, e, e->body, &e->owner };
}

static struct shown shown_variant(struct file_variant *v)
{
	struct file_entry *sibling = v->sibling;
	return (struct shown){ &v->head, sibling, sibling ? sibling->body : v->body, &v->owner };
}

static void answer_whole(struct request *r, const struct shown *s)
{
	r->response.status = 200;
	if (s->file && s->file->fd >= 0) {
		struct file_segment *all = arena_zalloc(&r->arena, sizeof(*all));
		all->length = s->file->stamp.size;
		response_set_source(r, file_source_new(r, s->file, all, 1), (int64_t)all->length);
		keep_alive(r, s->owner);
	} else {
		response_set_body(r, s->body, s->owner);
	}
	r->response.block = &s->head->full;
	response_start(r);
}

static void answer_unchanged(struct request *r, const struct shown *s)
{
	r->response.status = 304;
	response_set_body(r, SLICE_NONE, s->owner);
	r->response.block = &s->head->base;
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
	r->response.block = &e->head.full;
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
	r->response.block = &e->head.base;
	response_start(r);
}

static bool has(const struct request *r, enum field_id id)
{
	return r->fields.present & 1u << id;
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

/* True: the request's conditions have decided. */
static bool answer_by_conditions(struct request *r, const struct shown *s)
{
	int status = conditions_check(r, &s->head->validators, now_s());
	if (status == 304)
		answer_unchanged(r, s);
	else if (status)
		response_error(r, status, NULL);
	return status;
}

static void answer_by_range(struct request *r, struct file_entry *e, const struct shown *s)
{
	struct ranges ranges;
	enum range_verdict verdict = RANGE_WHOLE;
	/* Range means something for GET only (section 14.2); and only once. */
	if (r->method == METHOD_GET && fields_count(&r->fields, FIELD_RANGE) == 1 &&
	    conditions_range_applies(r, &e->head.validators, now_s()))
		verdict = range_parse(fields_get(&r->fields, FIELD_RANGE), e->stamp.size, &ranges);
	if (verdict == RANGE_UNSATISFIED)
		answer_unsatisfied(r, e);
	else if (verdict == RANGE_WHOLE)
		answer_whole(r, s);
	else if (ranges.count == 1)
		answer_range(r, e, &ranges.list[0]);
	else
		answer_ranges(r, e, &ranges);
}

static void answer_chosen(struct request *r, struct file_entry *e, struct file_variant *v)
{
	struct shown s = v ? shown_variant(v) : shown_as_is(e);
	if (r->fields.present & CONDITION_FIELDS && answer_by_conditions(r, &s))
		return;
	if (!v && has(r, FIELD_RANGE))
		answer_by_range(r, e, &s);
	else
		answer_whole(r, &s);
}

/* Parts are parts of the file as it is; and If-Match asks for the very bytes, which a variant, with
 * its weak tag, does not promise. */
static bool wants_bytes(const struct request *r)
{
	return (r->method == METHOD_GET && has(r, FIELD_RANGE)) || has(r, FIELD_IF_MATCH);
}

void files_answer_regular(struct request *r, const struct files *f, struct file_entry *e)
{
	if (e->varies && has(r, FIELD_ACCEPT_ENCODING) && !wants_bytes(r))
		file_choose(r, f, e, answer_chosen);
	else
		answer_chosen(r, e, NULL);
}

void files_answer_elsewhere(struct request *r, int status, struct slice path)
{
	/* The path is canonical: it begins with one slash, so no "//host" comes out; the rest is
	 * encoded. */
	struct slice text = target_encode(path, &r->arena);
	const char *mark = r->query.ptr ? "?" : "";
	struct slice to = slice_str(arena_printf(
	    &r->arena, SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(text), mark, SLICE_ARG(r->query)));
	response_add_static(r, FIELD_OTHER, SLICE("Location"), to);
	r->response.status = status;
	response_start(r);
}
