/*
 * upload_file.h - what an upload does to the disk: a file comes into a directory, whole and in one
 * step, or goes out of it.
 *
 * Every call may wait for a disk, so it is a thread's; one at a time for a file. Until
 * upload_file_commit has returned 0 nothing of the file can be seen, and nothing of it is left
 * when it is closed. Where the file system permits it the file has no name until then, so that not
 * even a crash leaves anything; elsewhere it has a hidden one.
 *
 * All return 0, or the status to answer with, and leave in `error` the errno that was the reason.
 */
#ifndef HANDLER_UPLOAD_FILE_H
#define HANDLER_UPLOAD_FILE_H

#include "handler/file_find.h"
#include "http/request.h"

enum { SCRATCH_NAME = 48 };

struct upload_file {
	/* Set by the caller. */
	const struct files *files;
	const char *path; /* below the root; does not end with a slash */
	/* Its conditions are to hold when the directory changes (RFC 9110 section 13). Of it only
	 * method and fields are looked at. */
	const struct request *asked;

	/* upload_file.c's. */
	const char *name; /* the path's last part */
	int dir;
	int fd;
	char scratch[SCRATCH_NAME]; /* the name in `dir` until it has its own; mostly "" */
	uint64_t size;
	uint64_t flushed; /* the first bytes that the kernel was told to write to disk */

	/* The outcome of upload_file_commit. */
	bool replaced; /* something was there */
	struct file_stamp stamp;
	int error; /* 0: no system call failed */
};

void upload_file_init(struct upload_file *u);

/* Looks whether the file may be stored and has room; `length` in bytes, -1 for unknown. 403, 409,
 * 412, 414, 507, 500, 503. */
MUST_CHECK int upload_file_open(struct upload_file *u, int64_t length);
/* 507, 413, 500. */
MUST_CHECK int upload_file_write(struct upload_file *u, struct slice bytes);
/* Puts it in place, on the disk when it returns. Conditions are looked at again, in one step with
 * the change as far as other uploads are concerned. As upload_file_open. */
MUST_CHECK int upload_file_commit(struct upload_file *u);
/* Instead of the others: removes what is there. Also 404. */
MUST_CHECK int upload_file_remove(struct upload_file *u);

/* Gives all back; what was not put in place is gone. May be called twice. */
void upload_file_close(struct upload_file *u);

#endif
