/*
 * request.c - what handlers may ask of a request in hand; each goes to the engine that brought it.
 */
#include "http/request.h"

#include "http/app.h"
#include "http/wire.h"

void request_read_body(struct request *r, struct sink *sink)
{
	r->sink = sink;
	r->wire->read_body(r);
}

void request_read_on(struct request *r)
{
	r->wire->read_on(r);
}

void request_end_content(struct request *r)
{
	struct sink *sink = r->sink;
	r->sink = NULL;
	if (sink)
		sink->ops->end(sink);
}

void request_done(struct request *r, bool content_ended)
{
	struct sink *sink = r->sink;
	r->sink = NULL;
	if (sink && !content_ended)
		sink->ops->abort(sink);
	r->app->on_done(r);
}

void request_local(const struct request *r, struct net_addr *out)
{
	if (r->wire->local)
		r->wire->local(r, out);
	else
		*out = *r->local;
}
