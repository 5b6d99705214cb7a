/*
 * response.c - how a handler's answer comes together, and when it goes to the engine.
 *
 * Knows no protocol: framing, dates and persistence are the engine's (wire.h).
 */
#include "http/response.h"

#include "http/app.h"
#include "http/wire.h"

#include <assert.h>

int response_add(struct request *r, struct slice name, struct slice value)
{
	if (!field_name_valid(name) || !field_value_valid(value))
		return ERR_SYNTAX;
	name = arena_dup(&r->arena, name);
	value = arena_dup(&r->arena, value);
	fields_add(&r->response.fields, &r->arena, field_find_id(name), name, value);
	return OK;
}

void response_add_static(struct request *r, enum field_id id, struct slice name, struct slice value)
{
	fields_add(&r->response.fields, &r->arena, id, name, value);
}

/* An error page may take the place of content that was set before. */
static void drop_content(struct response *response)
{
	if (response->source)
		response->source->ops->close(response->source);
	owner_release(response->body_owner);
	response->source = NULL;
	response->body_owner = NULL;
	response->body = SLICE_NONE;
	response->block = NULL;
	response->length = 0;
}

void response_set_body(struct request *r, struct slice body, struct owner *owner)
{
	const struct field_block *block = r->response.block;

	owner_hold(owner); /* first: it may be the owner of what is dropped */
	drop_content(&r->response);
	r->response.block = block;
	r->response.body = body;
	r->response.body_owner = owner;
	r->response.length = (int64_t)body.len;
}

void response_set_source(struct request *r, struct source *source, int64_t length)
{
	drop_content(&r->response);
	r->response.source = source;
	r->response.length = length;
}

void response_start(struct request *r)
{
	assert(!r->response.started);
	assert(r->response.status >= 200 && r->response.status <= 599);
	r->response.started = true;
	/* Without an app there is nobody to ask: a request that was refused by the engine. */
	if (r->app)
		r->app->on_response(r);
	r->wire->start(r);
}

void response_wake(struct request *r)
{
	r->wire->wake(r);
}

void response_interim(struct request *r, int status, const struct fields *fields)
{
	assert(status >= 100 && status <= 199 && status != 101);
	if (r->version != HTTP_1_0 && !r->response.started)
		r->wire->interim(r, status, fields);
}

void response_fini(struct request *r)
{
	drop_content(&r->response);
}
