/*
 * request.c - what handlers may ask of a request in hand; each goes to the engine that brought it.
 */
#include "http/request.h"

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

void request_local(const struct request *r, struct net_addr *out)
{
	if (r->wire->local)
		r->wire->local(r, out);
	else
		*out = *r->local;
}
