/*
 * subrequest.h - a request that the server makes of itself, for another one: through the same
 * application, without a socket.
 *
 * A GET on the same site, with the fields of the parent but those about its content, its conditions
 * and its connection, with X-Original-Method and X-Original-URI, and under the parent's name. Only
 * the head of the answer is of interest: its content is never pulled. It is not logged and not
 * counted among the answers.
 */
#ifndef APP_SUBREQUEST_H
#define APP_SUBREQUEST_H

#include "http/request.h"

struct subrequest;

/* Called at the end of a turn, never from within subrequest_start. `answer` has the response; its
 * status is 0 if the request ended without one. All of it is gone after the call. */
typedef void (*subrequest_fn)(void *ctx, const struct request *answer);

/* `path` is canonical. The parent stays until on_answer or subrequest_cancel; one that is a
 * subrequest itself makes none. */
struct subrequest *subrequest_start(struct request *parent, struct slice path, struct slice query,
    subrequest_fn on_answer, void *ctx);
/* Before on_answer: it is not called any more. */
void subrequest_cancel(struct subrequest *s);

#endif
