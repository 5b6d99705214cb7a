/*
 * files.c - answers requests with files below a root. Chosen by a route's `files`, and by a site's
 * `root` alone.
 *
 * For each path to try: get its entry (file_load.h), answer by what it is. A hot file is a look
 * into the cache and a response with ready-made fields. Uploads are upload.c's, where the route
 * permits them; elsewhere other methods than GET and HEAD are refused by the chain.
 */
#include "handler/files.h"

#include "app/route.h"
#include "app/site.h"
#include "base/log.h"
#include "config/core.h"
#include "handler/file_cache.h"
#include "handler/file_load.h"
#include "handler/file_look.h"
#include "handler/files_answer.h"
#include "handler/files_explain.h"
#include "handler/files_keys.h"
#include "handler/files_try.h"
#include "handler/listing.h"
#include "handler/upload.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

static void try_from(struct request *r, const struct files *f, unsigned at);

static void tell_failure(const struct file_entry *e)
{
	static struct log_gate gate;
	log_gated(&gate, LOG_LEVEL_ERROR, "cannot read '" SLICE_FMT "': %s", SLICE_ARG(e->path),
	    strerror(e->error));
}

static void answer(struct request *r, const struct files *f, unsigned at, struct file_entry *e)
{
	struct files_verdict v = files_judge(r, f, at, e->kind, e->error);
	if (v.what == FILES_SEND)
		v = files_judge_name(r, f, at, e->path, e->index);
	switch (v.what) {
	case FILES_SEND:
		files_answer_regular(r, f, e);
		return;
	case FILES_SEND_ON:
		files_answer_elsewhere(r, v.status, v.path);
		return;
	case FILES_LIST:
		listing_answer(r, f, e->path);
		return;
	case FILES_ADD_SLASH:
		files_answer_elsewhere(
		    r, 301, slice_str(arena_printf(&r->arena, SLICE_FMT "/", SLICE_ARG(r->path))));
		return;
	case FILES_TRY:
		try_from(r, f, v.next);
		return;
	case FILES_REFUSE:
		if (e->kind == FILE_FAILED)
			tell_failure(e);
		response_error(
		    r, v.status, e->kind == FILE_FAILED ? "the file can not be read" : NULL);
		return;
	}
}

static void on_loaded(struct file_waiter *w, struct file_entry *e)
{
	answer(w->request, w->files, w->at, e);
}

static void wait_for(struct request *r, const struct files *f, unsigned at, struct slice path)
{
	struct file_waiter *w = arena_zalloc(&r->arena, sizeof(*w));
	*w = (struct file_waiter){ .request = r, .files = f, .at = at, .on_loaded = on_loaded };
	list_init(&w->node);
	if (file_load_wait(w, path) < 0)
		response_error(r, 503, "too many files are being read");
}

static void try_from(struct request *r, const struct files *f, unsigned at)
{
	struct slice path = files_try_path(r, f, at);
	struct file_entry *e = file_load_now(f, path);
	/* Promise only what is there now: a large file may have changed within its second. */
	if (e && !file_look_unchanged(e)) {
		file_cache_drop(e);
		owner_release(&e->owner);
		e = file_load_now(f, path);
	}
	if (!e) {
		wait_for(r, f, at, path);
		return;
	}
	answer(r, f, at, e);
	owner_release(&e->owner);
}

static void handle(struct request *r, void *state)
{
	const struct files *f = state;
	if (!f)
		response_error(r, 500, "the root could not be opened");
	else if (UPLOAD_METHODS & 1u << r->method)
		upload_handle(r, f, files_own_path(r, f));
	else
		try_from(r, f, 0);
}

static void prepare_cache(const struct snapshot *s)
{
	const struct file_cache_settings *settings = config_settings(s->global, &file_cache_group);
	struct file_cache_limits limits = {
		.entries = 4096, .bytes = 32 << 20, .descriptors = 256
	};
	struct rlimit rl;
	if (settings) {
		limits.entries = (unsigned)settings->entries;
		limits.bytes = (size_t)settings->size;
	}
	/* Connections need most of them. */
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0)
		limits.descriptors = (unsigned)(rl.rlim_cur / 4 < 4096 ? rl.rlim_cur / 4 : 4096);
	file_cache_init(&limits);
}

/* Of the route before: those with the same rows share a table, since a mime.types file takes a
 * millisecond to read, and there may be ten thousand. */
static struct {
	const struct media_table *table; /* NULL: none */
	const struct arena *arena;       /* where it is */
	const void *rows;
} last_types;

static const struct media_table *prepare_types(
    const struct files_settings *s, const struct snapshot *snapshot, struct arena *a)
{
	if (last_types.table && last_types.arena == a && last_types.rows == s->types.list)
		return last_types.table;
	struct media_table *t = media_new(a, NULL);
	const char *path = core_settings(snapshot)->mime_types;
	if (path && media_load(t, path) < 0)
		log_warning("mime_types: cannot read %s: %s", path, strerror(errno));
	const struct files_type *rows = s->types.list;
	for (size_t i = 0; i < s->types.count; i++)
		media_add(t, slice_str(rows[i].suffix), slice_str(rows[i].type));
	last_types.table = t;
	last_types.arena = a;
	last_types.rows = rows;
	return t;
}

static struct slice without_slash(const char *path)
{
	return slice_str(path && path[0] == '/' ? path + 1 : path);
}

static void prepare_tries(struct files *f, const struct files_settings *s, struct arena *a)
{
	static const struct files_try own = { .has_path = true };
	f->try_count = s->try_list.count ? (unsigned)s->try_list.count : 1;
	f->tries = arena_zalloc(a, f->try_count * sizeof(*f->tries));
	f->tries[0] = own;
	for (unsigned i = 0; i < s->try_list.count; i++) {
		struct slice text = without_slash(s->try_list.list[i]);
		const char *path = strstr(text.ptr, "$path");
		f->tries[i] = (struct files_try){ .before = text };
		if (!path)
			continue;
		f->tries[i].has_path = true;
		f->tries[i].before.len = (size_t)(path - text.ptr);
		f->tries[i].after = slice_str(path + strlen("$path"));
	}
}

/* A root that a route has, or a group of routes around it, not the site. */
static bool root_is_routes(const struct config_scope *scope)
{
	for (; scope->kind == SCOPE_ROUTE; scope = scope->parent)
		if (config_given(scope, &files_group, "root"))
			return true;
	return false;
}

static unsigned prepared; /* routes that use the cache */

static void release(void *state)
{
	struct files *f = state;
	if (f->write)
		upload_release();
	file_root_close(&f->root);
	last_types.table = NULL; /* it goes with the sites */
	if (--prepared == 0)
		file_cache_fini();
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	static unsigned ids;
	const struct files_settings *s = config_settings(route, &files_group);
	const char *root = files_root_of(route, s);
	struct files *f = arena_zalloc(a, sizeof(*f));
	if (!root || file_root_open(&f->root, root, s->follow_links) < 0) {
		log_error("files: cannot open root '%s': %s", root ? root : "", strerror(errno));
		return NULL;
	}
	if (prepared++ == 0)
		prepare_cache(route->snapshot);
	f->id = ++ids;
	f->listing = s->listing;
	f->hidden = s->hidden;
	f->write = s->write;
	if (f->write)
		upload_prepare();
	f->index = s->index;
	f->fallback = without_slash(s->fallback);
	f->types = prepare_types(s, route->snapshot, a);
	f->precompressed = s->precompressed;
	compress_of(route, &f->compress);
	file_ages_prepare(&f->ages, s, a);
	f->takes_rest = root_is_routes(route) && route_takes_rest(route);
	prepare_tries(f, s, a);
	return f;
}

static unsigned methods(const void *state)
{
	const struct files *f = state;
	return 1u << METHOD_GET | 1u << METHOD_HEAD | (f && f->write ? UPLOAD_METHODS : 0);
}

static const struct key_group *const groups[] = { &files_group, &file_cache_group, NULL };

const struct handler files_handler = {
	.name = "files",
	.keeps = true,
	.groups = groups,
	.select = "files",
	.methods_of = methods,
	.check = files_check,
	.writes = files_writes,
	.prepare = prepare,
	.release = release,
	.handle = handle,
	.explain = files_explain,
};
