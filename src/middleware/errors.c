/*
 * errors.c - a site's own pages in place of the server's plain error answers, with the original
 * status.
 *
 * A page is a file below the site's root, read when the worker starts and again when it has
 * changed; that is looked for at most once a second, so that a flood of errors costs no system
 * calls. An answer that a handler made itself is not touched, and a program that asked for JSON
 * keeps it.
 */
#include "middleware/errors.h"

#include "base/log.h"
#include "base/mem.h"
#include "config/core.h"
#include "event/loop.h"
#include "http/media.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* A page with pictures inside is some 100 KiB; every worker keeps each in memory. */
	PAGE_MAX = 1 << 20,
	CHECK_MS = 1000,
};

struct errors_settings {
	struct config_groups pages; /* struct page_settings */
};

struct page_settings {
	struct config_ints status;
	const char *file;
};

static const struct key page_keys[] = {
	{ .name = "status",
	    .type = KEY_INTS,
	    .offset = KEY_AT(struct page_settings, status),
	    .min = 400,
	    .max = 599,
	    .required = true,
	    .help = "status codes that the page is for" },
	{ .name = "file",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct page_settings, file),
	    .required = true,
	    .help = "the page, below the site's root: /404.html" },
	KEYS_END,
};

static const struct key_group page_group = {
	.name = "errors",
	.keys = page_keys,
	.size = sizeof(struct page_settings),
	.help = "a page for some status codes",
};

static const struct key errors_keys[] = {
	{ .name = "errors",
	    .type = KEY_GROUPS,
	    .offset = KEY_AT(struct errors_settings, pages),
	    .group = &page_group,
	    .help = "pages of the site's own for errors" },
	KEYS_END,
};

const struct key_group errors_group = {
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = errors_keys,
	.size = sizeof(struct errors_settings),
	.help = "pages of the site's own for errors",
};

/* What stands in the file, kept alive by the responses that still send it. */
struct content {
	struct owner owner;
	size_t len;
	char bytes[];
};

struct page {
	const struct page_settings *settings;
	const char *path;
	struct slice type;
	struct content *content; /* NULL: could not be read, the plain answer stands */
	struct timespec mtime;
	off_t size;
	uint64_t checked_ms;
	bool complained;
};

struct errors {
	struct page *pages;
	size_t count;
};

static const char *root_of(const struct config_scope *scope)
{
	const struct site_settings *site = config_settings(scope, &site_group);
	return site->root;
}

static void check_page(const struct config_scope *scope, const struct page_settings *page,
    struct config_place place, struct config_report *report)
{
	char path[4096];
	const char *root = root_of(scope);
	if (!page->file)
		return; /* said before */
	if (page->file[0] != '/') {
		report_mistake(report, place,
		    "errors.file: '%s' does not begin with '/' (it stands below the site's root)",
		    page->file);
		return;
	}
	if (!root)
		return; /* at the top of the file: each site looks below its own root */
	int n = snprintf(path, sizeof(path), "%s%s", root, page->file);
	if (n >= (int)sizeof(path) || access(path, R_OK) < 0)
		report_mistake(report, place, "errors.file: '%s%s': %s", root, page->file,
		    strerror(n >= (int)sizeof(path) ? ENAMETOOLONG : errno));
}

static void check(const struct config_scope *scope, struct config_report *report)
{
	const struct errors_settings *settings = config_settings(scope, &errors_group);
	const struct page_settings *pages = settings->pages.list;
	if (!config_given(scope, &errors_group, "errors"))
		return;
	for (size_t i = 0; i < settings->pages.count; i++)
		check_page(scope, &pages[i], settings->pages.places[i], report);
}

static void on_unused(struct owner *o)
{
	mem_free(CONTAINER_OF(o, struct content, owner));
}

static struct content *read_content(int fd, size_t size)
{
	struct content *c = mem_alloc(sizeof(*c) + size);
	c->owner = (struct owner){ .refs = 1, .on_last = on_unused };
	c->len = 0;
	while (c->len < size) {
		ssize_t n = read(fd, c->bytes + c->len, size - c->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* it shrank meanwhile: the next look sees its new time */
		c->len += (size_t)n;
	}
	return c;
}

static void complain(struct page *page, const char *why)
{
	if (!page->complained)
		log_warning("cannot read error page %s: %s", page->path, why);
	page->complained = true;
}

static void load(struct page *page, int fd, const struct stat *st)
{
	if (page->content)
		owner_release(&page->content->owner);
	page->content = NULL;
	page->mtime = st->st_mtim;
	page->size = st->st_size;
	if (!S_ISREG(st->st_mode) || st->st_size > PAGE_MAX) {
		complain(page, "not a file of at most 1 MiB");
		return;
	}
	page->content = read_content(fd, (size_t)st->st_size);
	page->complained = false;
}

static void refresh(struct page *page)
{
	struct stat st;
	uint64_t now_ms = loop_now_ms(app_worker.loop);
	if (page->checked_ms && now_ms - page->checked_ms < CHECK_MS)
		return;
	page->checked_ms = now_ms;
	int fd = open(page->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		complain(page, strerror(errno));
	else if (!page->content || st.st_size != page->size ||
		 st.st_mtim.tv_sec != page->mtime.tv_sec ||
		 st.st_mtim.tv_nsec != page->mtime.tv_nsec)
		load(page, fd, &st);
	if (fd >= 0)
		close(fd);
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct errors_settings *settings = config_settings(route, &errors_group);
	const struct page_settings *pages = settings->pages.list;
	const char *root = root_of(route);
	if (settings->pages.count == 0 || !root)
		return NULL;
	struct errors *e = arena_zalloc(a, sizeof(*e));
	e->count = settings->pages.count;
	e->pages = arena_zalloc(a, e->count * sizeof(*e->pages));
	for (size_t i = 0; i < e->count; i++) {
		e->pages[i].settings = &pages[i];
		e->pages[i].path = arena_printf(a, "%s%s", root, pages[i].file);
		e->pages[i].type = media_find(NULL, slice_str(pages[i].file));
		refresh(&e->pages[i]);
	}
	return e;
}

static void release(void *state)
{
	struct errors *e = state;
	for (size_t i = 0; i < e->count; i++)
		if (e->pages[i].content)
			owner_release(&e->pages[i].content->owner);
}

static struct page *page_for(const struct errors *e, int status)
{
	for (size_t i = 0; i < e->count; i++)
		for (size_t k = 0; k < e->pages[i].settings->status.count; k++)
			if (e->pages[i].settings->status.list[k] == status)
				return &e->pages[i];
	return NULL;
}

static bool wants_json(const struct request *r)
{
	return slice_eq(
	    fields_get(&r->response.fields, FIELD_CONTENT_TYPE), SLICE("application/problem+json"));
}

static void head(struct request *r, void *state)
{
	if (!r->response.plain_error || wants_json(r))
		return;
	struct page *page = page_for(state, r->response.status);
	if (!page)
		return;
	refresh(page);
	if (!page->content)
		return;
	fields_remove_name(&r->response.fields, SLICE("Content-Type"));
	response_add_static(r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), page->type);
	response_set_body(
	    r, slice_of(page->content->bytes, page->content->len), &page->content->owner);
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct errors *e = state;
	size_t len = 0;
	(void)r;
	for (size_t i = 0; i < e->count && len < room; i++)
		for (size_t k = 0; k < e->pages[i].settings->status.count && len < room; k++)
			len += (size_t)snprintf(text_out + len, room - len, "%s%d: %s",
			    len ? ", " : "", (int)e->pages[i].settings->status.list[k],
			    e->pages[i].content ? e->pages[i].path : "cannot be read");
	return STEP_NEXT;
}

static const struct key_group *const groups[] = { &errors_group, NULL };

const struct middleware errors_middleware = {
	.name = "errors",
	.groups = groups,
	.check = check,
	.prepare = prepare,
	.release = release,
	.head = head,
	.explain = explain,
};
