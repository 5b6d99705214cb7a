/*
 * version.c - what --version prints.
 */
#include "version.h"

#include "app/regex.h"
#include "base/buf.h"
#include "config.h"
#include "http/coding.h"
#include "http2/http2.h"
#include "process/sandbox.h"
#include "tls/context.h"

#include <libconfig.h>

void version_print(FILE *to)
{
	char confined[64];
	struct buf codings;
	buf_init(&codings, 256);
	coding_libraries(&codings);
	sandbox_describe(sandbox_offered(), confined, sizeof(confined));
	fprintf(to, "%s\n", PACKAGE_STRING);
	fprintf(to, "protocols: HTTP/1.1, HTTP/2; TLS 1.2, TLS 1.3\n");
	fprintf(to, "libraries: libconfig %d.%d.%d, %s, nghttp2 %s, " SLICE_FMT "%s%s\n",
	    LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION, tls_library(),
	    http2_library(), SLICE_ARG(buf_peek(&codings)), regex_library() ? ", " : "",
	    regex_library() ? regex_library() : "");
	buf_fini(&codings);
	fprintf(to, "confinement here: %s\n", confined);
	fprintf(to, "configuration: %s\n", HTTPD_CONF);
}
