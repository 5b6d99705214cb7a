/*
 * status.h - status codes and their reason phrases (RFC 9110 section 15 and the IANA registry).
 */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

#include <stdbool.h>

const char *status_reason(int status); /* "Not Found"; "Unknown" for a code without a name */
bool status_has_content(int status);   /* false for 1xx, 204, 304 (RFC 9110 section 6.4.1) */

#endif
