/*
 * files_answer.h - turns an entry into a response: whole, unchanged, in ranges, compressed.
 */
#ifndef HANDLER_FILES_ANSWER_H
#define HANDLER_FILES_ANSWER_H

#include "handler/file_entry.h"

/* Answers GET or HEAD with a regular file, by the request's conditions, ranges and codings; perhaps
 * later. */
void files_answer_regular(struct request *r, const struct files *f, struct file_entry *e);

/* A redirect to this path of the site, with the request's query. */
void files_answer_elsewhere(struct request *r, int status, struct slice path);

#endif
