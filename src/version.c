/*
 * version.c - what --version prints.
 */
#include "version.h"

#include "base/buf.h"
#include "config.h"
#include "http/coding.h"
#include "process/sandbox.h"

#include <libconfig.h>

void version_print(FILE *to)
{
	char confined[64];
	struct buf codings;
	buf_init(&codings, 256);
	coding_libraries(&codings);
	sandbox_describe(sandbox_offered(), confined, sizeof(confined));
	fprintf(to, "%s\n", PACKAGE_STRING);
	fprintf(to, "protocols: HTTP/1.1\n");
	fprintf(to, "libraries: libconfig %d.%d.%d, " SLICE_FMT "\n", LIBCONFIG_VER_MAJOR,
	    LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION, SLICE_ARG(buf_peek(&codings)));
	buf_fini(&codings);
	fprintf(to, "confinement here: %s\n", confined);
	fprintf(to, "configuration: %s\n", HTTPD_CONF);
}
