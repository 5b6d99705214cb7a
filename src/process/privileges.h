/*
 * privileges.h - who workers run as, and how a process becomes that.
 */
#ifndef PROCESS_PRIVILEGES_H
#define PROCESS_PRIVILEGES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PRIVILEGES_USER = 64 };

struct privileges {
	bool change; /* to uid, gid and the groups of `user` */
	bool bare;   /* no capabilities, although perhaps root */
	uid_t uid;   /* what workers will have, also when nothing changes */
	gid_t gid;
	char user[PRIVILEGES_USER]; /* empty: a number without a name */
};

/* What the choice depends on. */
struct privileges_facts {
	uid_t euid;
	gid_t egid;
	const char *user;      /* the key, NULL when not given */
	const char *group;     /* likewise */
	const char *directory; /* served without a file; NULL otherwise */
	uid_t owner;           /* of the directory */
	gid_t owner_group;
	bool nobody_reads; /* the directory */
};

/* Looks at the directory for privileges_choose. */
void privileges_look(struct privileges_facts *facts);

/*
 * The rules, apart from any deed. ERR_NOTFOUND when a user or group does not exist; the sentence is
 * in text_out. OK with a text is a warning; without one it is empty.
 */
MUST_CHECK int privileges_choose(
    const struct privileges_facts *facts, struct privileges *out, char *text_out, size_t room);

/* In a worker, for good. ERR_IO with errno. */
MUST_CHECK int privileges_drop(const struct privileges *p);

#endif
