/*
 * response_edit.c - changes fields that a handler has set, for middleware on the way out.
 *
 * Ready-made fields of a file are shared and can not be changed: before one of them is, they become
 * fields of this response, which borrow from the same memory.
 */
#include "http/response.h"

#include "http/request.h"

#include <assert.h>

static bool block_has(const struct field_block *block, struct slice name)
{
	for (unsigned i = 0; block && i < block->count; i++)
		if (slice_eq_ci(block->list[i].name, name))
			return true;
	return false;
}

/* The next of "Name: value\r\n" lines: as they are in HTTP/1, where people read names. */
static struct field next_line(struct slice *text, enum field_id id)
{
	struct slice line = slice_split(text, '\r');
	ptrdiff_t colon = slice_find(line, ':');
	assert(colon > 0 && text->len > 0);
	*text = slice_tail(*text, 1);
	return (struct field){
		.name = slice_head(line, (size_t)colon),
		.value = slice_tail(line, (size_t)colon + 2),
		.id = id,
	};
}

/* Puts the block's fields before the others. */
static void unfold(struct request *r)
{
	const struct field_block *block = r->response.block;
	struct fields all = { 0 }, *own = &r->response.fields;
	struct slice text = block->text;
	for (unsigned i = 0; i < block->count; i++) {
		struct field f = next_line(&text, block->list[i].id);
		fields_add(&all, &r->arena, f.id, f.name, f.value);
	}
	for (unsigned i = 0; i < own->count; i++) {
		const struct field *f = &own->list[i];
		fields_add(&all, &r->arena, f->id, f->name, f->value);
	}
	*own = all;
	r->response.block = NULL;
}

void response_remove(struct request *r, struct slice name)
{
	if (block_has(r->response.block, name))
		unfold(r);
	fields_remove_name(&r->response.fields, name);
	if (slice_eq_ci(name, SLICE("Server")))
		r->response.own_server = true;
}

void response_replace(struct request *r, enum field_id id, struct slice name, struct slice value)
{
	response_remove(r, name);
	response_add_static(r, id, name, value);
}

static bool list_names(struct slice list, struct slice name)
{
	for (struct slice member; field_list_next(&list, &member);)
		if (slice_eq_ci(member, name) || slice_eq(member, SLICE("*")))
			return true;
	return false;
}

static bool varies(const struct field *list, unsigned count, struct slice name)
{
	for (unsigned i = 0; i < count; i++)
		if (slice_eq_ci(list[i].name, SLICE("Vary")) && list_names(list[i].value, name))
			return true;
	return false;
}

static struct field *find(struct fields *f, struct slice name)
{
	for (unsigned i = 0; i < f->count; i++)
		if (slice_eq_ci(f->list[i].name, name))
			return &f->list[i];
	return NULL;
}

void response_vary(struct request *r, struct slice name)
{
	struct response *response = &r->response;
	const struct field_block *block = response->block;
	if (varies(response->fields.list, response->fields.count, name) ||
	    (block && varies(block->list, block->count, name)))
		return;
	if (block_has(block, SLICE("Vary")))
		unfold(r);
	struct field *vary = find(&response->fields, SLICE("Vary"));
	if (!vary)
		response_add_static(r, FIELD_OTHER, SLICE("Vary"), name);
	else
		vary->value = slice_str(arena_printf(&r->arena, SLICE_FMT "%s" SLICE_FMT,
		    SLICE_ARG(vary->value), vary->value.len ? ", " : "", SLICE_ARG(name)));
}
