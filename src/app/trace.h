/*
 * trace.h - what a request is called, here and by those before and behind this server: its ID, and
 * its place in a trace (W3C Trace Context, level 1).
 *
 * Looked for when first asked for, so that who asks for neither pays for neither. See also
 * exchange_id in site.h.
 */
#ifndef APP_TRACE_H
#define APP_TRACE_H

#include "app/site.h"

/* Names the request as its client did, if that is fit for a log and a header field: up to 128
 * letters, digits and -_.:=+/@~ (UUIDs, base64 and URNs are). ERR_SYNTAX otherwise. Borrows. */
MUST_CHECK int exchange_take_id(const struct request *r, struct slice id);

/* The client's field `traceparent` if it is one, and valid: for those behind us, as it came. ptr
 * NULL: there is none, and a `tracestate` is void. */
struct slice exchange_traceparent(const struct request *r);
struct slice exchange_trace_id(const struct request *r); /* the 32 digits of it */
/* Begins a trace, sampled, unless the client has begun one. */
void exchange_begin_trace(struct request *r);

/* Section 3.2 of the recommendation. */
bool traceparent_valid(struct slice s);

#endif
