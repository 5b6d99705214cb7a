/*
 * privileges.c - see privileges.h.
 */
#include "process/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef HTTPD_USER
#define HTTPD_USER "nobody" /* configure --with-user */
#endif

static void set_user(struct privileges *out, const struct passwd *pw)
{
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	snprintf(out->user, sizeof(out->user), "%s", pw->pw_name);
}

static int choose_named(const char *name, struct privileges *out, char *text_out, size_t room)
{
	const struct passwd *pw = getpwnam(name);
	if (!pw) {
		snprintf(text_out, room,
		    "there is no user '%s': create it or name another with the key 'user'", name);
		return ERR_NOTFOUND;
	}
	set_user(out, pw);
	return OK;
}

static int choose_group(const char *name, struct privileges *out, char *text_out, size_t room)
{
	const struct group *gr = getgrnam(name);
	if (!gr) {
		snprintf(text_out, room,
		    "there is no group '%s': create it or name another with the key 'group'", name);
		return ERR_NOTFOUND;
	}
	out->gid = gr->gr_gid;
	return OK;
}

/* A directory is served as its owner: he shows what he can read himself. */
static void choose_owner(const struct privileges_facts *facts, struct privileges *out)
{
	out->uid = facts->owner;
	out->gid = facts->owner_group;
	const struct passwd *pw = getpwuid(facts->owner);
	if (pw)
		set_user(out, pw);
}

static int choose_directory(
    const struct privileges_facts *facts, struct privileges *out, char *text_out, size_t room)
{
	if (facts->owner != 0) {
		choose_owner(facts, out);
		return OK;
	}
	if (facts->nobody_reads)
		return choose_named("nobody", out, text_out, room);
	out->bare = true;
	out->uid = 0;
	out->gid = 0;
	snprintf(out->user, sizeof(out->user), "root");
	snprintf(text_out, room,
	    "%s belongs to root and is not readable for nobody: workers run as root without "
	    "capabilities, confined to it",
	    facts->directory);
	return OK;
}

int privileges_choose(
    const struct privileges_facts *facts, struct privileges *out, char *text_out, size_t room)
{
	text_out[0] = '\0';
	*out = (struct privileges){ .bare = true, .uid = facts->euid, .gid = facts->egid };
	if (facts->euid != 0) {
		if (facts->user)
			snprintf(text_out, room,
			    "the key 'user' has no effect: only root can change to '%s'",
			    facts->user);
		return OK;
	}
	out->change = true;
	int result;
	if (facts->user)
		result = choose_named(facts->user, out, text_out, room);
	else if (facts->directory)
		result = choose_directory(facts, out, text_out, room);
	else
		result = choose_named(HTTPD_USER, out, text_out, room);
	if (result == OK && facts->group)
		result = choose_group(facts->group, out, text_out, room);
	/* Root by its own name keeps its power: somebody asked for just that. */
	if (facts->user && out->uid == 0)
		out->bare = false;
	return result;
}

/* As nobody would: with the kernel's own check, for a moment, in the master, before anything else
 * runs. From the root of the file system: "." itself is open to whoever stands in it. */
static bool nobody_reads(const char *directory)
{
	char path[PATH_MAX];
	const struct passwd *pw = getpwnam("nobody");
	if (!pw)
		return false;
	gid_t groups[64];
	int count = getgroups(64, groups);
	if (!realpath(directory, path) || count < 0 || setgroups(1, &pw->pw_gid) < 0)
		return false;
	bool reads = false;
	if (setegid(pw->pw_gid) == 0 && seteuid(pw->pw_uid) == 0)
		reads = faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) == 0;
	if (seteuid(0) < 0 || setegid(0) < 0 || setgroups((size_t)count, groups) < 0)
		return false;
	return reads;
}

void privileges_look(struct privileges_facts *facts)
{
	facts->euid = geteuid();
	facts->egid = getegid();
	struct stat st;
	if (facts->euid != 0 || !facts->directory)
		return;
	if (stat(facts->directory, &st) < 0) {
		facts->nobody_reads = true; /* there is nothing that root would have to read */
		return;
	}
	facts->owner = st.st_uid;
	facts->owner_group = st.st_gid;
	if (st.st_uid == 0)
		facts->nobody_reads = nobody_reads(facts->directory);
}

static int change_user(const struct privileges *p)
{
	int grouped = p->user[0] ? initgroups(p->user, p->gid) : setgroups(1, &p->gid);
	if (grouped < 0 || setresgid(p->gid, p->gid, p->gid) < 0 ||
	    setresuid(p->uid, p->uid, p->uid) < 0)
		return ERR_IO;
	/* A way back means that the change did not do what it says. */
	if (p->uid != 0 && setuid(0) == 0) {
		errno = EPERM;
		return ERR_IO;
	}
	return OK;
}

/* Also for one that was never root: systemd may have given the master a capability to bind low
 * ports. */
static int drop_capabilities(void)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	memset(none, 0, sizeof(none));
	return syscall(SYS_capset, &header, none) < 0 ? ERR_IO : OK;
}

/* Fails for those who may not (then there is nothing to drop) and past the last one that this
 * kernel knows. */
static void drop_bounding_set(void)
{
	for (int cap = 0; cap <= 63; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return;
}

int privileges_drop(const struct privileges *p)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ERR_IO;
	if (p->bare)
		drop_bounding_set();
	if (p->change && change_user(p) < 0)
		return ERR_IO;
	return p->bare ? drop_capabilities() : OK;
}
