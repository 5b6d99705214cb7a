/*
 * method.c - the methods we know by name (RFC 9110 section 9.3, RFC 5789 for PATCH).
 */
#include "http/method.h"

static const struct slice names[] = {
	[METHOD_OTHER] = { "-", 1 },
	[METHOD_GET] = { "GET", 3 },
	[METHOD_HEAD] = { "HEAD", 4 },
	[METHOD_POST] = { "POST", 4 },
	[METHOD_PUT] = { "PUT", 3 },
	[METHOD_DELETE] = { "DELETE", 6 },
	[METHOD_PATCH] = { "PATCH", 5 },
	[METHOD_OPTIONS] = { "OPTIONS", 7 },
	[METHOD_CONNECT] = { "CONNECT", 7 },
	[METHOD_TRACE] = { "TRACE", 5 },
};

enum http_method method_find(struct slice name)
{
	for (unsigned m = METHOD_GET; m <= METHOD_TRACE; m++)
		if (slice_eq(name, names[m]))
			return m;
	return METHOD_OTHER;
}

const char *method_name(enum http_method m)
{
	return names[m].ptr;
}

size_t method_list(unsigned methods, char out[METHOD_LIST_MAX])
{
	size_t len = 0;
	for (unsigned m = METHOD_GET; m <= METHOD_TRACE; m++) {
		if (!(methods & 1u << m))
			continue;
		if (len) {
			memcpy(out + len, ", ", 2);
			len += 2;
		}
		memcpy(out + len, names[m].ptr, names[m].len);
		len += names[m].len;
	}
	return len;
}
