/*
 * target.h - the request target and the host (RFC 9112 section 3.2, RFC 3986), made canonical once,
 * for routing, access control, opening files, proxying and the log.
 */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "http/method.h"

#include <stdbool.h>

struct target {
	struct slice path;      /* canonical; "*" for the asterisk form */
	struct slice query;     /* ptr NULL without "?" */
	struct slice authority; /* of the absolute form; ptr NULL otherwise */
	bool secure;            /* absolute form with https */
};

/*
 * Origin form, absolute form (http, https) and asterisk form (OPTIONS only). The path is
 * percent-decoded, runs of slashes are one, dot segments are resolved. A path that is canonical
 * already is not copied.
 *
 * ERR_SYNTAX for malformed percent-encoding, an encoded NUL or slash, a dot segment above the root,
 * a fragment, user information, a byte that has to be percent-encoded, another form or scheme;
 * `reason_out` gets static text with the RFC section.
 */
MUST_CHECK int target_parse(struct slice text, enum http_method method, struct arena *a,
    struct target *out, const char **reason_out);

/* uri-host [":" port]. Lower case, trailing dot removed. ERR_SYNTAX otherwise. Not copied if
 * already canonical. */
MUST_CHECK int host_parse(
    struct slice text, struct arena *a, struct slice *host_out, unsigned *port_out);

/* Percent-encodes a canonical path for a Location or a link: all but unreserved, sub-delims, ":"
 * "@" "/". */
struct slice target_encode(struct slice path, struct arena *a);

#endif
