/*
 * files_try.c - see files_try.h.
 */
#include "handler/files_try.h"

#include "app/route.h"

#include <errno.h>

struct slice files_own_path(const struct request *r, const struct files *f)
{
	struct slice path = f->takes_rest ? exchange_param(r, SLICE("*")) : r->path;
	return path.len && path.ptr[0] == '/' ? slice_tail(path, 1) : path;
}

struct slice files_try_path(struct request *r, const struct files *f, unsigned at)
{
	if (at == f->try_count)
		return f->fallback;
	const struct files_try *t = &f->tries[at];
	struct slice path = files_own_path(r, f);
	if (!t->has_path)
		return t->before;
	if (t->before.len + t->after.len == 0)
		return path;
	return slice_str(arena_printf(&r->arena, SLICE_FMT SLICE_FMT SLICE_FMT,
	    SLICE_ARG(t->before), SLICE_ARG(path), SLICE_ARG(t->after)));
}

static bool tries_own_path(const struct files *f, unsigned at)
{
	return at < f->try_count && f->tries[at].has_path &&
	       f->tries[at].before.len + f->tries[at].after.len == 0;
}

/* A name with a dot in it is an asset: missing is missing. Without, it is a place inside the
 * application. */
static bool falls_back(const struct request *r, const struct files *f)
{
	ptrdiff_t slash = slice_find_last(r->path, '/');
	return f->fallback.ptr && slice_find(slice_tail(r->path, (size_t)slash + 1), '.') < 0;
}

static struct files_verdict refuse(int status)
{
	return (struct files_verdict){ .what = FILES_REFUSE, .status = status };
}

static struct files_verdict go_on(
    const struct request *r, const struct files *f, unsigned at, int status)
{
	if (at + 1 < f->try_count)
		return (struct files_verdict){ .what = FILES_TRY, .next = at + 1 };
	if (at < f->try_count && falls_back(r, f))
		return (struct files_verdict){ .what = FILES_TRY, .next = f->try_count };
	return refuse(status);
}

struct files_verdict files_judge(
    const struct request *r, const struct files *f, unsigned at, enum file_kind kind, int error)
{
	bool busy = error == EMFILE || error == ENFILE || error == EBUSY;
	switch (kind) {
	case FILE_REGULAR:
		return (struct files_verdict){ .what = FILES_SEND };
	case FILE_LISTING:
		return (struct files_verdict){ .what = FILES_LIST };
	case FILE_DIRECTORY:
		if (tries_own_path(f, at))
			return (struct files_verdict){ .what = FILES_ADD_SLASH };
		break;
	case FILE_BARE:
		return go_on(r, f, at, 403);
	case FILE_FORBIDDEN:
		return refuse(403);
	case FILE_FAILED:
		return refuse(busy ? 503 : 500);
	case FILE_MISSING:
		break;
	}
	return go_on(r, f, at, 404);
}

/* As a client would ask for it. */
static struct slice address_of(
    struct request *r, const struct files *f, struct slice path, const char *index)
{
	size_t before = r->path.len - files_own_path(r, f).len;
	return slice_str(arena_printf(&r->arena, SLICE_FMT SLICE_FMT "%s",
	    SLICE_ARG(slice_head(r->path, before)), SLICE_ARG(path), index ? index : ""));
}

struct files_verdict files_judge_name(
    struct request *r, const struct files *f, unsigned at, struct slice path, const char *index)
{
	struct files_verdict send = { .what = FILES_SEND };
	bool named = at == f->try_count || !f->tries[at].has_path;
	bool asked = !index && slice_eq(path, files_own_path(r, f));
	if (named || asked || !exchange_of(r)->site->uneven)
		return send;
	struct slice address = address_of(r, f, path, index);
	if (!route_guarding(r, address))
		return send;
	return (struct files_verdict){ .what = FILES_SEND_ON, .status = 302, .path = address };
}
