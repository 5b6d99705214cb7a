/*
 * files_explain.h - which file would answer a request, for --explain.
 */
#ifndef HANDLER_FILES_EXPLAIN_H
#define HANDLER_FILES_EXPLAIN_H

#include "http/request.h"

/* Of struct handler. Looks at the file system as an answer would, but without the cache. */
void files_explain(struct request *r, void *state, char *text_out, size_t room);

#endif
