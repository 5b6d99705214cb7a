/*
 * permit.c - see permit.h. access(2) asks for the caller only, and the master's answer would be
 * that of root.
 */
#include "app/permit.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum right { SEARCH = 1, WRITE = 2, READ = 4 }; /* as in mode bits */

enum { GROUPS_MAX = 256 }; /* more than anybody's service user is in; further ones are not seen */

struct who {
	uid_t uid;
	gid_t groups[GROUPS_MAX];
	int group_count;
};

static void find_groups(struct who *who, gid_t gid)
{
	const struct passwd *pw = getpwuid(who->uid);
	who->group_count = GROUPS_MAX;
	if (pw && getgrouplist(pw->pw_name, gid, who->groups, &who->group_count) >= 0)
		return;
	if (!pw)
		who->group_count = 1;
	else if (who->group_count > GROUPS_MAX)
		who->group_count = GROUPS_MAX;
	who->groups[0] = gid;
}

static bool in_group(const struct who *who, gid_t gid)
{
	for (int i = 0; i < who->group_count; i++)
		if (who->groups[i] == gid)
			return true;
	return false;
}

/* The class that fits first decides, as in the kernel. */
static bool permits(const struct who *who, const struct stat *st, unsigned want)
{
	unsigned shift = st->st_uid == who->uid ? 6 : in_group(who, st->st_gid) ? 3 : 0;
	return (st->st_mode >> shift & want) == want;
}

static int check_one(const struct who *who, const char *path, unsigned want)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return ERR_IO;
	return who->uid == 0 || permits(who, &st, want) ? OK : ERR_DENIED;
}

static int check_directory(const struct who *who, const char *path, unsigned want)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return ERR_IO;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return ERR_IO;
	}
	return check_one(who, path, want);
}

/* The way to it; at_out is then the last one, without links. */
static int permit_way(struct who *who, gid_t gid, const char *path, char *at_out)
{
	if (!realpath(path, at_out)) {
		strncpy(at_out, path, PATH_MAX - 1);
		at_out[PATH_MAX - 1] = '\0';
		return ERR_IO;
	}
	find_groups(who, gid);
	for (char *slash = at_out + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		int rc = check_directory(who, at_out, SEARCH);
		if (rc < 0)
			return rc;
		*slash = '/';
	}
	return OK;
}

/* `want` of the last directory. */
static int permit(struct who *who, gid_t gid, const char *path, unsigned want, char *at_out)
{
	int rc = permit_way(who, gid, path, at_out);
	return rc < 0 ? rc : check_directory(who, at_out, want);
}

int permit_file(const char *path, uid_t uid, gid_t gid, char *at_out)
{
	struct who who = { .uid = uid };
	int rc = permit_way(&who, gid, path, at_out);
	return rc < 0 ? rc : check_one(&who, at_out, READ);
}

int permit_directory(const char *path, uid_t uid, gid_t gid, char *at_out)
{
	struct who who = { .uid = uid };
	return permit(&who, gid, path, READ | SEARCH, at_out);
}

int permit_writing(const char *path, uid_t uid, gid_t gid, char *at_out)
{
	struct who who = { .uid = uid };
	struct statvfs fs;
	int rc = permit(&who, gid, path, READ | WRITE | SEARCH, at_out);
	if (rc < 0 || statvfs(path, &fs) < 0 || !(fs.f_flag & ST_RDONLY))
		return rc;
	errno = EROFS;
	return ERR_IO;
}
