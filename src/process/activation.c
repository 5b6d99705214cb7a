/*
 * activation.c - see activation.h.
 */
#include "process/activation.h"

#include "base/number.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FIRST_FD = 3,     /* SD_LISTEN_FDS_START */
	COUNT_MAX = 1024, /* what a process may have open at all by default */
};

size_t activation_count(const char *listen_pid, const char *listen_fds, pid_t pid)
{
	uint64_t wanted_pid, count;
	if (!listen_pid || !listen_fds)
		return 0;
	if (number_parse(slice_str(listen_pid), INT32_MAX, &wanted_pid) < 0 ||
	    number_parse(slice_str(listen_fds), COUNT_MAX, &count) < 0)
		return 0;
	return wanted_pid == (uint64_t)pid ? (size_t)count : 0;
}

size_t activation_take(int *fds_out, size_t room)
{
	size_t count = activation_count(getenv("LISTEN_PID"), getenv("LISTEN_FDS"), getpid());
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	size_t taken = 0;
	for (size_t i = 0; i < count; i++) {
		int fd = FIRST_FD + (int)i;
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			continue;
		if (taken < room)
			fds_out[taken++] = fd;
		else
			close(fd);
	}
	return taken;
}
