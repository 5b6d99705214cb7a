/*
 * encoded.h - a response's content in a content coding, made while it is sent.
 */
#ifndef HTTP_ENCODED_H
#define HTTP_ENCODED_H

#include "http/coding.h"
#include "http/request.h"

struct loop;

/*
 * From now on the response's content, a body or a source, goes out encoded: at once if it is a
 * short body, else by a source around it, of unknown length, that passes on all it has whenever the
 * inner one says WAIT. The caller sees to the fields. To HEAD only the length is forgotten.
 *
 * `loop`: others get their turn now and then; NULL: there are no others. ERR_FULL, and nothing has
 * changed, if too much is being encoded already; ERR_IO if the coding is not built in.
 */
MUST_CHECK int encoded_start(struct request *r, enum coding c, int level, struct loop *loop);

#endif
