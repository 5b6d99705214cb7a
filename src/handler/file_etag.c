/*
 * file_etag.c - see file_etag.h.
 */
#include "handler/file_etag.h"

#include <stdio.h>

struct slice file_etag(uint64_t size, struct timespec modified, char text_out[FILE_ETAG_MAX])
{
	int len = snprintf(text_out, FILE_ETAG_MAX, "\"%llx-%llx.%lx\"", (unsigned long long)size,
	    (unsigned long long)modified.tv_sec, (unsigned long)modified.tv_nsec);
	return slice_of(text_out, (size_t)len);
}
