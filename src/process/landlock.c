/*
 * landlock.c - see landlock.h.
 *
 * The C library has no functions for these system calls, and the headers of a distribution may be
 * older than its kernel: what is needed is declared here. A newer ABI adds rights; handling a right
 * that the kernel does not know is an error, so the set is cut to what it offers.
 */
#include "process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	CREATE_RULESET = 444, /* the same number on every architecture */
	ADD_RULE = 445,
	RESTRICT_SELF = 446,
	VERSION = 1,
	RULE_PATH_BENEATH = 1,
};

enum fs_right {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_REFER = 1 << 13,    /* ABI 2: renaming into another directory */
	FS_TRUNCATE = 1 << 14, /* ABI 3 */

	FS_ABI_1 = (1 << 13) - 1,
	FS_FILE =
	    FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE, /* what a file can have */
	FS_READ = FS_READ_FILE | FS_READ_DIR,
	FS_WRITE = FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG |
		   FS_REFER | FS_TRUNCATE,
};

enum {
	NET_BIND_TCP = 1 << 0, /* ABI 4: a worker's sockets are bound by the master */
	SCOPE_SIGNAL = 1 << 1, /* ABI 6: no signal to processes that are not confined likewise */
};

struct ruleset {
	uint64_t fs;
	uint64_t net;    /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

int landlock_abi(void)
{
	long abi = syscall(CREATE_RULESET, NULL, 0, VERSION);
	return abi < 0 ? 0 : (int)abi;
}

static uint64_t known_rights(int abi)
{
	uint64_t rights = FS_ABI_1;
	if (abi >= 2)
		rights |= FS_REFER;
	if (abi >= 3)
		rights |= FS_TRUNCATE;
	return rights;
}

int landlock_open(bool executes)
{
	int abi = landlock_abi();
	struct ruleset set = { .fs = known_rights(abi) };
	size_t size = sizeof(set.fs);
	if (abi == 0)
		return ERR_IO;
	if (executes)
		set.fs &= ~(uint64_t)FS_EXECUTE;
	if (abi >= 4) {
		set.net = NET_BIND_TCP;
		size += sizeof(set.net);
	}
	if (abi >= 6) {
		set.scoped = SCOPE_SIGNAL;
		size += sizeof(set.scoped);
	}
	long fd = syscall(CREATE_RULESET, &set, size, 0);
	return fd < 0 ? ERR_IO : (int)fd;
}

static int add_rule(int rules, int fd, uint64_t rights)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return ERR_IO;
	if (!S_ISDIR(st.st_mode))
		rights &= FS_FILE;
	struct path_beneath rule = { .allowed = rights & known_rights(landlock_abi()),
		.parent = fd };
	return syscall(ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0) < 0 ? ERR_IO : OK;
}

int landlock_allow(int rules, const char *path, bool write)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? OK : ERR_IO;
	int result = add_rule(rules, fd, write ? FS_READ | FS_WRITE : FS_READ);
	int saved = errno;
	close(fd);
	errno = saved;
	return result;
}

int landlock_close(int rules)
{
	int result = syscall(RESTRICT_SELF, rules, 0) < 0 ? ERR_IO : OK;
	int saved = errno;
	close(rules);
	errno = saved;
	return result;
}
