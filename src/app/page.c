/*
 * page.c - see page.h.
 */
#include "app/page.h"

#include "base/list.h"
#include "base/mem.h"

struct page {
	struct owner owner;
	struct buf text;
};

static void on_unused(struct owner *o)
{
	struct page *page = CONTAINER_OF(o, struct page, owner);
	buf_fini(&page->text);
	mem_free(page);
}

void page_set_body(struct request *r, struct buf *text)
{
	struct page *page = mem_alloc(sizeof(*page));
	page->owner = (struct owner){ .refs = 1, .on_last = on_unused };
	page->text = *text;
	buf_init(text, text->max);
	response_set_body(r, buf_peek(&page->text), &page->owner);
	owner_release(&page->owner);
}
