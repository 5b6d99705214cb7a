/*
 * rundir.c - see rundir.h.
 *
 * The control socket is where the key `control` says; else for root RUNSTATEDIR/httpd/control.sock,
 * for others under a name in $XDG_RUNTIME_DIR that follows from the configuration's file or
 * directory, so that --signal finds it again; else nowhere.
 */
#include "process/rundir.h"

#include "base/slice.h"
#include "config/core.h"
#include "process/master.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef RUNSTATEDIR
#define RUNSTATEDIR "/run" /* configure --runstatedir */
#endif

const char *rundir_served(const struct snapshot *s)
{
	if (s->file || s->site_count == 0)
		return s->file;
	const struct site_settings *site = config_settings(s->sites[0], &site_group);
	return site->root;
}

/* Two servers of one user have two names, a server and its --signal have one. */
static const char *private_path(const char *served)
{
	static char path[PATH_MAX];
	char real[PATH_MAX];
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	if (!runtime || runtime[0] != '/')
		return NULL;
	if (!served || !realpath(served, real))
		return NULL;
	int n = snprintf(
	    path, sizeof(path), "%s/httpd-%08x.sock", runtime, slice_hash(slice_str(real)));
	return n < (int)sizeof(path) ? path : NULL;
}

const char *control_path(const struct snapshot *s)
{
	const char *configured = core_settings(s)->control;
	if (configured)
		return configured;
	return control_path_default(rundir_served(s));
}

const char *control_path_default(const char *served)
{
	return geteuid() == 0 ? RUNSTATEDIR "/httpd/control.sock" : private_path(served);
}

void rundir_make(const char *file)
{
	char path[PATH_MAX];
	if (strlen(file) >= sizeof(path))
		return;
	strcpy(path, file);
	/* Below our own place all that is missing; elsewhere a longer path may be a slip of the
	 * pen. */
	bool ours = slice_starts(slice_str(file), SLICE(RUNSTATEDIR "/"));
	char *last = strrchr(path, '/');
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		if (!ours && slash != last)
			continue;
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return;
		*slash = '/';
	}
}
