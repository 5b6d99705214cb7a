/*
 * listing_write.h - a listing as HTML and as JSON. Safe in any thread.
 */
#ifndef HANDLER_LISTING_WRITE_H
#define HANDLER_LISTING_WRITE_H

#include "handler/listing_read.h"

enum { LISTING_PAGE_ROWS = 1000 }; /* a page that a telephone still scrolls; the rest by links */

/* How the visitor wants it. */
struct listing_view {
	struct slice path; /* of the URL, canonical, with its slashes */
	struct slice host; /* may be empty */
	enum listing_sort sort;
	bool descending;
	size_t page; /* from 0 */
};

/* ERR_FULL from the buffer. */
MUST_CHECK int listing_write_html(
    struct buf *out, const struct listing *l, const struct listing_view *v);
MUST_CHECK int listing_write_json(
    struct buf *out, const struct listing *l, const struct listing_view *v);

#endif
