/*
 * files_explain.c - see files_explain.h.
 */
#include "handler/files_explain.h"

#include "handler/files_try.h"
#include "handler/upload.h"
#include "http/conditions.h"

#include <limits.h>
#include <stdio.h>

/* Of the last path that was tried. */
struct look {
	char name[PATH_MAX];
	enum file_kind kind;
	int error;
	const char *index;
	struct files_verdict verdict;
};

static void look_at(struct look *look, const struct files *f, struct slice path)
{
	struct file_found found = { .fd = -1 }; /* a path that is too long is missing */
	snprintf(look->name, sizeof(look->name), SLICE_FMT, SLICE_ARG(path));
	if (path.len < sizeof(look->name) && file_find(f, look->name, true, &found) < 0)
		found.kind = FILE_FAILED;
	look->kind = found.kind;
	look->error = found.error;
	look->index = found.index;
	file_found_fini(&found);
}

/* 304, 206 and others are what the file's dates and the client's make of it. */
static bool is_conditional(const struct request *r)
{
	return r->fields.present & (CONDITION_FIELDS | 1u << FIELD_RANGE);
}

static void tell(
    struct request *r, const struct files *f, const struct look *look, char *text_out, size_t room)
{
	const struct files_verdict *v = &look->verdict;
	const char *root = f->root.real, *slash = strcmp(root, "/") == 0 ? "" : "/";
	switch (v->what) {
	case FILES_SEND:
		r->response.status = is_conditional(r) ? 0 : 200;
		snprintf(text_out, room, "%s the file %s%s%s%s",
		    r->response.status ? "answers 200 with" : "answers by the conditions with",
		    root, slash, look->name, look->index ? look->index : "");
		return;
	case FILES_SEND_ON:
		r->response.status = v->status;
		snprintf(text_out, room,
		    "answers %d, to " SLICE_FMT ": that file is another route's, which is guarded",
		    v->status, SLICE_ARG(v->path));
		return;
	case FILES_LIST:
		r->response.status = 200;
		snprintf(text_out, room, "answers 200 with a listing of %s%s%s", root, slash,
		    look->name);
		return;
	case FILES_ADD_SLASH:
		r->response.status = 301;
		snprintf(text_out, room, "answers 301, to " SLICE_FMT "/: %s%s%s is a directory",
		    SLICE_ARG(r->path), root, slash, look->name);
		return;
	case FILES_TRY:
	case FILES_REFUSE:
		r->response.status = v->status;
		snprintf(text_out, room, "answers %d: %s%s%s %s", v->status, root, slash,
		    look->name,
		    v->status == 404          ? "is not there"
		    : v->status != 403        ? "can not be read"
		    : look->kind == FILE_BARE ? "has no index, and is not to be listed"
					      : "may not be read, or is no file");
		return;
	}
}

void files_explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct files *f = state;
	struct look look;
	look.verdict = (struct files_verdict){ .what = FILES_TRY };
	if (!f) {
		r->response.status = 500;
		snprintf(text_out, room, "answers 500: the root can not be opened");
		return;
	}
	if (UPLOAD_METHODS & 1u << r->method) {
		snprintf(text_out, room, SLICE_FMT " of a file below %s", SLICE_ARG(r->method_name),
		    f->root.real);
		return;
	}
	unsigned at = 0;
	while (look.verdict.what == FILES_TRY) {
		at = look.verdict.next;
		look_at(&look, f, files_try_path(r, f, at));
		look.verdict = files_judge(r, f, at, look.kind, look.error);
	}
	if (look.verdict.what == FILES_SEND)
		look.verdict = files_judge_name(r, f, at, slice_str(look.name), look.index);
	tell(r, f, &look, text_out, room);
}
