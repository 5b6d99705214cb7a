/*
 * file_hidden.c - see file_hidden.h.
 */
#include "handler/file_hidden.h"

#include "base/slice.h"

/* ".well-known" is for everyone; nothing else that begins with a dot was meant for a visitor. */
bool file_hidden(const char *path, bool dots_shown)
{
	struct slice well_known = SLICE(".well-known");
	if (strncmp(path, well_known.ptr, well_known.len) == 0 &&
	    (path[well_known.len] == '/' || path[well_known.len] == '\0'))
		path += well_known.len;
	for (const char *p = path; *p; p++)
		if (*p == '.' && (p == path || p[-1] == '/') &&
		    (!dots_shown || strncmp(p, SCRATCH_PREFIX, strlen(SCRATCH_PREFIX)) == 0))
			return true;
	return false;
}
