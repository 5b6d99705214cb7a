/*
 * page.h - content that is written into memory for one answer, within a bound. Writing never fails:
 * what had no room is noticed when the page is to be sent.
 */
#ifndef APP_PAGE_H
#define APP_PAGE_H

#include "app/escape.h"
#include "base/buf.h"
#include "http/request.h"

struct page {
	struct buf text;
	bool full;
};

void page_init(struct page *p, size_t max);

void page_put(struct page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void page_append(struct page *p, struct slice s);
void page_escape(struct page *p, struct slice s, enum template_escape how);

/* Answers 200 with it, beside the fields that were added; 500 if it did not fit. Takes the memory.
 * The request may be gone when this returns. */
void page_answer(struct request *r, struct page *p);

#endif
