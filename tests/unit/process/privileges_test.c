/* privileges_test.c - who workers run as. */
#include "process/privileges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct rule {
	const char *what;
	struct privileges_facts facts;
	int result;
	const char *user;     /* its uid is expected; NULL: that of the facts */
	const char *group_of; /* the gid of this user; NULL: of `user` */
	bool change, bare;
	const char *says; /* part of the text; NULL: none */
};

static const struct rule rules[] = {
	{ .what = "not root: as whoever started it",
	    .facts = { .euid = 1234, .egid = 1235 },
	    .bare = true },
	{ .what = "not root, with a user in the file: no effect, and it is said",
	    .facts = { .euid = 1234, .egid = 1235, .user = "nobody" },
	    .bare = true,
	    .says = "no effect" },
	{ .what = "root without a word: the user of configure",
	    .facts = { .euid = 0 },
	    .user = "nobody",
	    .change = true,
	    .bare = true },
	{ .what = "root with a user",
	    .facts = { .euid = 0, .user = "daemon" },
	    .user = "daemon",
	    .change = true,
	    .bare = true },
	{ .what = "root by its own name: as told",
	    .facts = { .euid = 0, .user = "root" },
	    .user = "root",
	    .change = true,
	    .bare = false },
	{ .what = "a user that does not exist",
	    .facts = { .euid = 0, .user = "no-such-user" },
	    .result = ERR_NOTFOUND,
	    .says = "no-such-user" },
	{ .what = "a group that does not exist",
	    .facts = { .euid = 0, .group = "no-such-group" },
	    .result = ERR_NOTFOUND,
	    .says = "no-such-group" },
	{ .what = "a directory: as its owner",
	    .facts = { .euid = 0, .directory = "/d", .owner = 1, .owner_group = 77 },
	    .user = "daemon",
	    .change = true,
	    .bare = true },
	{ .what = "root's directory that nobody can read: as nobody",
	    .facts = { .euid = 0, .directory = "/d", .nobody_reads = true },
	    .user = "nobody",
	    .change = true,
	    .bare = true },
	{ .what = "root's own directory: as root without power, and it is said",
	    .facts = { .euid = 0, .directory = "/d" },
	    .user = "root",
	    .change = true,
	    .bare = true,
	    .says = "confined" },
	{ .what = "a user wins over the directory's owner",
	    .facts = { .euid = 0, .user = "daemon", .directory = "/d", .owner = 1234 },
	    .user = "daemon",
	    .change = true,
	    .bare = true },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];
		struct privileges p;
		char text[512];
		int result = privileges_choose(&r->facts, &p, text, sizeof(text));
		if (result != r->result)
			fail_msg("%s: %d (%s)", r->what, result, text);
		if (r->says ? !strstr(text, r->says) : text[0] != '\0')
			fail_msg("%s: says '%s'", r->what, text);
		if (result < 0)
			continue;
		const struct passwd *pw = r->user ? getpwnam(r->user) : NULL;
		if (r->user && !pw)
			continue; /* a system without that user */
		if (p.uid != (pw ? pw->pw_uid : r->facts.euid) ||
		    p.gid != (pw ? pw->pw_gid : r->facts.egid) || p.change != r->change ||
		    p.bare != r->bare)
			fail_msg("%s: uid %u gid %u change %d bare %d", r->what, p.uid, p.gid,
			    p.change, p.bare);
	}
}

static void test_an_owner_without_a_name(void **state)
{
	(void)state;
	struct privileges_facts facts = {
		.euid = 0, .directory = "/d", .owner = 3999999, .owner_group = 3999998
	};
	struct privileges p;
	char text[512];
	assert_int_equal(privileges_choose(&facts, &p, text, sizeof(text)), OK);
	assert_int_equal(p.uid, 3999999);
	assert_int_equal(p.gid, 3999998);
	assert_string_equal(p.user, "");
}

static int drop(const struct privileges *p)
{
	if (privileges_drop(p) < 0)
		return 1;
	if (getuid() != p->uid || geteuid() != p->uid || getgid() != p->gid)
		return 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 3;
	gid_t groups[64];
	for (int i = 0, n = getgroups(64, groups); p->change && i < n; i++)
		if (groups[i] == 0 && p->gid != 0)
			return 4;
	if (p->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return 5;
	/* Even root is nobody's owner without its capabilities. */
	return chown("/", 1, 1) == 0 ? 6 : 0;
}

static void check_drop(const struct privileges *p)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(drop(p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_drop_without_change(void **state)
{
	(void)state;
	struct privileges p = { .bare = true, .uid = geteuid(), .gid = getegid() };
	check_drop(&p);
}

static void test_drop_to_a_user(void **state)
{
	(void)state;
	struct privileges p = { .change = true, .bare = true, .uid = 65534, .gid = 65534 };
	if (geteuid() != 0)
		skip();
	check_drop(&p);
	strcpy(p.user, "nobody");
	check_drop(&p);
	p = (struct privileges){ .change = true, .bare = true, .user = "root" };
	check_drop(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_an_owner_without_a_name),
		cmocka_unit_test(test_drop_without_change),
		cmocka_unit_test(test_drop_to_a_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
