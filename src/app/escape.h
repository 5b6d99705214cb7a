/*
 * escape.h - bytes of unknown origin made safe for the place they are written to.
 */
#ifndef APP_ESCAPE_H
#define APP_ESCAPE_H

#include "app/template.h"

/*
 * ESCAPE_HEADER leaves control bytes out. ESCAPE_HTML writes & < > " ' as references and what is
 * not UTF-8, or a control, as U+FFFD. ESCAPE_JSON is for the inside of a string (RFC 8259 section
 * 7), where controls have their escapes; ESCAPE_SCRIPT also for strings in the other quotes that
 * JavaScript has, and for scripts inside of HTML. ESCAPE_LOG writes \xNN for controls, quotes,
 * backslashes and bytes over 0x7e, and "-" for nothing. ESCAPE_URL percent-encodes all but
 * unreserved and "/" (RFC 3986 section 2). ESCAPE_PATH leaves sub-delims, ":" and "@" as well: what
 * may stand in a path behind its first slash. ERR_FULL from the buffer, which then may hold a part.
 */
MUST_CHECK int escape_append(struct buf *out, struct slice s, enum template_escape how);

/* Bytes of the well-formed UTF-8 character (RFC 3629) at the front of s that is no control
 * character; 0 if there is none. */
size_t utf8_printable(struct slice s);

#endif
