/*
 * state.c - see state.h.
 */
#include "tls/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef LOCALSTATEDIR
#define LOCALSTATEDIR "/var"
#endif

int tls_state_directory(char out[PATH_MAX])
{
	const char *given = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int len;
	if (given && *given)
		len = snprintf(out, PATH_MAX, "%.*s", (int)strcspn(given, ":"), given);
	else if (geteuid() == 0)
		len = snprintf(out, PATH_MAX, "%s/lib/httpd", LOCALSTATEDIR);
	else if (xdg && *xdg)
		len = snprintf(out, PATH_MAX, "%s/httpd", xdg);
	else
		len = snprintf(out, PATH_MAX, "%s/.local/state/httpd", home ? home : "");
	if (len >= PATH_MAX - NAME_MAX) {
		errno = ENAMETOOLONG;
		return ERR_IO;
	}
	for (char *slash = out + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(out, 0755);
	}
	return mkdir(out, 0700) < 0 && errno != EEXIST ? ERR_IO : OK;
}

/* A name for a path; two paths with one name would only share a response that fits neither. */
static uint64_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

const char *tls_staple_file(const struct tls_settings *s, size_t i, char room[PATH_MAX])
{
	char directory[PATH_MAX];
	if (!tls_staple_is_fetched(s, i))
		return s->ocsp_stapling.list[i];
	if (tls_state_directory(directory) < 0)
		directory[0] = '\0'; /* whoever opens the file tells what is wrong */
	snprintf(room, PATH_MAX, "%.*s/ocsp-%016" PRIx64 ".der", PATH_MAX - NAME_MAX, directory,
	    hash(s->certificate.list[i]));
	return room;
}
