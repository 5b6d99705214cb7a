/*
 * page.h - content that was written into memory for one answer.
 */
#ifndef APP_PAGE_H
#define APP_PAGE_H

#include "base/buf.h"
#include "http/request.h"

/* The response's content is what stands in the buffer, whose memory it takes: `text` is empty
 * after. */
void page_set_body(struct request *r, struct buf *text);

#endif
