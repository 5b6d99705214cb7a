/*
 * sandbox.c - see sandbox.h.
 */
#include "process/sandbox.h"

#include "process/landlock.h"
#include "process/seccomp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* In a build that counts executed lines the counts are written wherever the objects were built, at
 * the end. */
extern void __gcov_exit(void) __attribute__((weak));

static bool counts_lines(void)
{
	void (*volatile write_counts)(void) = __gcov_exit;
	return write_counts != NULL;
}

static void allow(void *ctx, const char *path, bool write)
{
	const int *rules = ctx;
	if (landlock_allow(*rules, path, write) < 0)
		log_warning("the sandbox leaves %s closed: %s", path, strerror(errno));
}

/* Sanitizers read the program and its libraries for their reports, and write these where log_path
 * says. */
static void allow_reports(int *rules)
{
	static const char *const variables[] = { "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS" };
	allow(rules, "/", false);
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *options = getenv(variables[i]);
		const char *found = options ? strstr(options, "log_path=") : NULL;
		char path[256];
		if (!found)
			continue;
		snprintf(path, sizeof(path), "%s", found + strlen("log_path="));
		path[strcspn(path, ":")] = '\0';
		char *slash = strrchr(path, '/');
		if (slash && slash != path) {
			*slash = '\0';
			allow(rules, path, true);
		}
	}
}

static bool executes(const struct heritage *h)
{
	return SANITIZED || (h->group->executes && h->group->executes(h->snapshot));
}

static int confine(const struct heritage *h)
{
	int rules = landlock_open(executes(h));
	if (rules < 0)
		return ERR_IO;
	allow(&rules, "/dev/null", true);
	if (SANITIZED)
		allow_reports(&rules);
	if (h->group->sandbox)
		h->group->sandbox(h->snapshot, allow, &rules);
	return landlock_close(rules);
}

uint32_t sandbox_offered(void)
{
	uint32_t parts = 0;
	if (landlock_abi() > 0 && !counts_lines())
		parts |= SANDBOX_LANDLOCK;
	if (seccomp_offered())
		parts |= SANDBOX_SECCOMP;
	return parts;
}

uint32_t sandbox_close(const struct heritage *h)
{
	uint32_t offered = sandbox_offered(), parts = 0;
	if (offered & SANDBOX_LANDLOCK) {
		if (confine(h) == OK)
			parts |= SANDBOX_LANDLOCK;
		else
			log_warning(
			    "cannot confine this worker with landlock: %s", strerror(errno));
	}
	if (offered & SANDBOX_SECCOMP) {
		if (seccomp_close(executes(h)) == OK)
			parts |= SANDBOX_SECCOMP;
		else
			log_warning("cannot set a seccomp filter: %s", strerror(errno));
	}
	if (h->privileges->bare && h->privileges->uid == 0 && !(parts & SANDBOX_LANDLOCK))
		log_warning("this worker runs as root and is not confined: name a user with the "
			    "key 'user'");
	return parts;
}

void sandbox_describe(uint32_t parts, char *text_out, size_t room)
{
	static const char *const names[] = { "none", "landlock", "seccomp", "landlock, seccomp" };
	snprintf(text_out, room, "%s", names[parts & (SANDBOX_LANDLOCK | SANDBOX_SECCOMP)]);
}
