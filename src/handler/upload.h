/*
 * upload.h - what visitors bring and take away: PUT, POST and DELETE of files.
 */
#ifndef HANDLER_UPLOAD_H
#define HANDLER_UPLOAD_H

#include "handler/files_state.h"
#include "http/request.h"

enum {
	UPLOAD_METHODS = 1u << METHOD_PUT | 1u << METHOD_POST | 1u << METHOD_DELETE,
};

/*
 * Answers one of these methods for `path`, below the root. A file comes into place whole, on the
 * disk before the answer, or not at all; when a client goes away half-way nothing is left. All work
 * on the disk is done by threads of uploads alone.
 */
void upload_handle(struct request *r, const struct files *f, struct slice path);

/* Once for each route that permits it: threads that wait until the first upload. */
void upload_prepare(void);
/* When no connection is left: waits for what is under way. */
void upload_release(void);

#endif
