/*
 * permit.h - may another user use this path? For checks before privileges are dropped.
 */
#ifndef APP_PERMIT_H
#define APP_PERMIT_H

#include "base/error.h"

#include <sys/types.h>

/*
 * Whether uid (with gid and the groups that the user database gives him) can search every directory
 * of `path` and read the last one. OK; ERR_DENIED with the first path that stands in the way in
 * at_out (PATH_MAX bytes of room); ERR_IO with errno likewise. Looks at mode bits, not at access
 * control lists: it may be wrong where those are in use, so callers warn.
 */
MUST_CHECK int permit_directory(const char *path, uid_t uid, gid_t gid, char *at_out);

/* Likewise, and whether he can make and remove files in it. ERR_IO with EROFS where nobody can. */
MUST_CHECK int permit_writing(const char *path, uid_t uid, gid_t gid, char *at_out);

/* Likewise, and whether he can read that file. */
MUST_CHECK int permit_file(const char *path, uid_t uid, gid_t gid, char *at_out);

#endif
