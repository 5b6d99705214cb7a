/*
 * files_answer.h - turns an entry into a response: whole, unchanged, in ranges, compressed.
 */
#ifndef HANDLER_FILES_ANSWER_H
#define HANDLER_FILES_ANSWER_H

#include "handler/file_entry.h"

/* Answers GET or HEAD with a regular file, by the request's conditions, ranges and codings; perhaps
 * later. */
void files_answer_regular(struct request *r, const struct files *f, struct file_entry *e);

/* The path names a directory, but lacks the slash that relative links in it need. */
void files_answer_directory(struct request *r);

#endif
