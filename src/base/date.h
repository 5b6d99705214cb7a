/*
 * date.h - HTTP dates (RFC 9110 section 5.6.7) and the dates of logs.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/error.h"
#include "base/slice.h"

#include <time.h>

enum { DATE_HTTP_LEN = 29 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* IMF-fixdate, without a NUL. Any time_t of the years 1970 to 9999; others are clamped. */
void date_format_http(time_t t, char text_out[DATE_HTTP_LEN]);

/*
 * Takes all three forms of RFC 9110: IMF-fixdate, RFC 850 (two-digit years as section 5.6.7
 * tells, relative to now) and asctime. ERR_SYNTAX for anything else, a wrong day name or day 31
 * of a shorter month included.
 */
MUST_CHECK int date_parse_http(struct slice text, time_t now, time_t *t_out);

/* "10/Oct/2000:13:55:36 -0700": local time for logs, NUL-terminated; room for 27. */
void date_format_clf(time_t t, char *text_out);
/* "2026-01-31T12:00:00.123Z" NUL-terminated; room for 25. */
void date_format_iso(time_t t, unsigned ms, char *text_out);

#endif
