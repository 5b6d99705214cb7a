/*
 * file_choose.h - which form of a file a request gets: the file as it is, or one of its variants.
 */
#ifndef HANDLER_FILE_CHOOSE_H
#define HANDLER_FILE_CHOOSE_H

#include "handler/file_variant.h"

/* `v` NULL: the file as it is. Both are borrowed; the entry may be another one than was asked with,
 * if the file has changed. */
typedef void (*file_chosen_fn)(struct request *r, struct file_entry *e, struct file_variant *v);

/* For an entry that `varies`. fn is called once, now or later, unless the request ends before or
 * was answered with an error. */
void file_choose(struct request *r, const struct files *f, struct file_entry *e, file_chosen_fn fn);

#endif
