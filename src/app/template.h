/*
 * template.h - text with ${variables}, compiled once. Used by redirect, respond, headers and
 * log.format.
 */
#ifndef APP_TEMPLATE_H
#define APP_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "http/request.h"

struct template;

/* How a value is made safe for where it goes. */
enum template_escape {
	ESCAPE_NONE,
	ESCAPE_HEADER,
	ESCAPE_HTML,
	ESCAPE_JSON,
	ESCAPE_SCRIPT,
	ESCAPE_LOG,
	ESCAPE_URL,
	ESCAPE_PATH
};

struct template_error {
	const char *reason; /* static, or in the arena */
	size_t at;          /* the byte of the text where it is wrong */
};

/* Names that are route parameters are known by `params` (a NULL-terminated list of names, or NULL).
 * ERR_SYNTAX with *error_out for an unclosed or an unknown variable. The text is copied. */
MUST_CHECK int template_compile(struct slice text, struct arena *a, const char *const *params,
    const struct template **out, struct template_error *error_out);
/* ERR_FULL from the buffer, which then holds a part. */
MUST_CHECK int template_expand(
    const struct template *t, const struct request *r, enum template_escape how, struct buf *out);
/* Whether two clients that ask for the same address may get different text: a value in it is of the
 * request, the client or the connection. The clock is everybody's. */
bool template_is_personal(const struct template *t);

#endif
