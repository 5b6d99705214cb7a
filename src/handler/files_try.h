/*
 * files_try.h - which paths are looked for in turn, and what follows from what one of them is: for
 * files.c, which answers, and files_explain.c, which tells.
 */
#ifndef HANDLER_FILES_TRY_H
#define HANDLER_FILES_TRY_H

#include "handler/file_find.h"
#include "http/request.h"

/* The path below the root, without a slash in front. */
struct slice files_own_path(const struct request *r, const struct files *f);
/* The one to try `at` (0: the first), likewise; perhaps in the request's arena. */
struct slice files_try_path(struct request *r, const struct files *f, unsigned at);

struct files_verdict {
	enum files_what {
		FILES_SEND,
		FILES_SEND_ON, /* a redirect to the file's own address, `path` */
		FILES_LIST,
		FILES_ADD_SLASH, /* a redirect to the directory's own address */
		FILES_TRY,       /* `next` */
		FILES_REFUSE,    /* with `status` */
	} what;
	int status;
	unsigned next;
	struct slice path;
};

/* `kind` and `error` are what was found at the path. */
struct files_verdict files_judge(
    const struct request *r, const struct files *f, unsigned at, enum file_kind kind, int error);

/* What becomes of FILES_SEND for the file at `path` (with `index` behind it, which may be NULL):
 * one that another route guards is sent by that route only, unless the settings name this very
 * file. */
struct files_verdict files_judge_name(
    struct request *r, const struct files *f, unsigned at, struct slice path, const char *index);

#endif
