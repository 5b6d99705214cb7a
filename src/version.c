/*
 * version.c - what --version prints.
 */
#include "version.h"

#include "app/regex.h"
#include "base/buf.h"
#include "config.h"
#include "http/coding.h"
#include "http2/http2.h"
#include "middleware/jwt.h"
#include "middleware/rate_store.h"
#include "process/sandbox.h"
#include "tls/context.h"

#include <libconfig.h>

/* NULL: it is not built in. */
static void print_optional(FILE *to, const char *library)
{
	if (library)
		fprintf(to, ", %s", library);
}

void version_print(FILE *to)
{
	char confined[64];
	struct buf codings;
	buf_init(&codings, 256);
	coding_libraries(&codings);
	sandbox_describe(sandbox_offered(), confined, sizeof(confined));
	fprintf(to, "%s\n", PACKAGE_STRING);
	fprintf(to, "protocols: HTTP/1.1, HTTP/2; TLS 1.2, TLS 1.3\n");
	fprintf(to, "libraries: libconfig %d.%d.%d, %s, nghttp2 %s, " SLICE_FMT,
	    LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION, tls_library(),
	    http2_library(), SLICE_ARG(buf_peek(&codings)));
	print_optional(to, regex_library());
	print_optional(to, rate_store_library());
	print_optional(to, jwt_library());
	fputc('\n', to);
	buf_fini(&codings);
	/* Records of many streams are sealed in memory and go out in one call: the kernel would
	 * want a call for each. */
	fprintf(to, "kernel TLS: not used (library: %s, kernel: %s)\n",
	    tls_library_has_kernel() ? "yes" : "no", tls_kernel_has_tls() ? "yes" : "no");
	fprintf(to, "confinement here: %s\n", confined);
	fprintf(to, "configuration: %s\n", HTTPD_CONF);
}
