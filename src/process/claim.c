/*
 * claim.c - see claim.h.
 */
#include "process/claim.h"

#include "config/core.h"
#include "process/rundir.h"

#include <errno.h>
#include <string.h>

static int open_pidfile(struct master *m, const struct snapshot *s)
{
	const char *path = core_settings(s)->pid_file;
	pid_t holder;
	if (!path)
		return OK;
	rundir_make(path);
	int result = pidfile_open(&m->pidfile, path, &holder);
	if (result == ERR_DENIED)
		log_error("already running as pid %d (it holds %s)", (int)holder, path);
	else if (result < 0)
		log_error("cannot write pid file '%s': %s", path, strerror(errno));
	return result;
}

/* A socket that was asked for must be there. The one by default is a convenience, and two servers
 * may share the machine. */
static int open_control(struct master *m, const struct snapshot *s, bool inherited)
{
	const char *path = control_path(s);
	bool asked = core_settings(s)->control != NULL;
	pid_t holder;
	if (!path)
		return OK;
	rundir_make(path);
	int result = control_open(&m->control, path, inherited, &holder);
	if (result == OK)
		return OK;
	if (result == ERR_DENIED && asked)
		log_error("already running as pid %d (it answers on %s)", (int)holder, path);
	else if (asked)
		log_error("cannot listen on control socket '%s': %s", path, strerror(errno));
	else
		log_info("no control socket: %s is %s", path,
		    result == ERR_DENIED ? "another server's" : strerror(errno));
	return asked ? result : OK;
}

int claim_files(struct master *m, const struct snapshot *s)
{
	int result = open_pidfile(m, s);
	if (result < 0)
		return result;
	result = open_control(m, s, false);
	if (result < 0)
		pidfile_close(&m->pidfile);
	return result;
}

void claim_inherited(struct master *m, const struct snapshot *s)
{
	pidfile_close(&m->pidfile);
	if (open_pidfile(m, s) < 0)
		log_warning("this server goes on without a pid file");
	control_close(&m->control);
	if (open_control(m, s, true) < 0)
		log_warning("this server goes on without a control socket");
}
