/*
 * listing.h - the page that shows what is in a directory.
 */
#ifndef HANDLER_LISTING_H
#define HANDLER_LISTING_H

#include "handler/files_state.h"
#include "http/request.h"

/*
 * Answers with the directory `path` (relative to the root; ends with "/" or is empty) as HTML, or
 * as JSON by ?format=json or Accept. ?sort=name|size|date, ?order=asc|desc, ?page=1... The
 * directory is read and the page is written in a thread of the pool.
 */
void listing_answer(struct request *r, const struct files *f, struct slice path);

#endif
