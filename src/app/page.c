/*
 * page.c - see page.h.
 */
#include "app/page.h"

#include "base/list.h"
#include "base/mem.h"

#include <stdarg.h>

/* What the response holds until all is sent. */
struct content {
	struct owner owner;
	struct buf text;
};

void page_init(struct page *p, size_t max)
{
	*p = (struct page){ .full = false };
	buf_init(&p->text, max);
}

void page_put(struct page *p, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	p->full = p->full || buf_vprintf(&p->text, fmt, ap) < 0;
	va_end(ap);
}

void page_append(struct page *p, struct slice s)
{
	p->full = p->full || buf_append(&p->text, s) < 0;
}

void page_escape(struct page *p, struct slice s, enum template_escape how)
{
	p->full = p->full || escape_append(&p->text, s, how) < 0;
}

static void on_unused(struct owner *o)
{
	struct content *content = CONTAINER_OF(o, struct content, owner);
	buf_fini(&content->text);
	mem_free(content);
}

void page_answer(struct request *r, struct page *p)
{
	if (p->full) {
		buf_fini(&p->text);
		response_error(r, 500, "the page is longer than it may be");
		return;
	}
	struct content *content = mem_alloc(sizeof(*content));
	content->owner = (struct owner){ .refs = 1, .on_last = on_unused };
	content->text = p->text;
	response_set_body(r, buf_peek(&content->text), &content->owner);
	owner_release(&content->owner);
	r->response.status = 200;
	response_start(r);
}
