/*
 * daemon.c - see daemon.h.
 *
 * The working directory stays: paths on the command line and in the configuration may be relative
 * to it, and are read again at each reload.
 */
#include "process/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void daemon_fill_streams(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

void daemon_detach_streams(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
		dup2(fd, stream);
	close(fd);
}

/* The user's process. End of file without a byte: the server has ended, and has said why. */
static _Noreturn void wait_until_ready(int fd)
{
	char byte;
	ssize_t n;
	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int daemon_start(int *ready_fd_out)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return ERR_IO;
	pid_t pid = fork();
	if (pid < 0)
		return ERR_IO;
	if (pid > 0) {
		close(fds[1]);
		wait_until_ready(fds[0]);
	}
	close(fds[0]);
	setsid();
	/* No session leader: opening a terminal must not make it the controlling one. */
	pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	*ready_fd_out = fds[1];
	return OK;
}

void daemon_ready(int ready_fd)
{
	ssize_t n;
	do
		n = write(ready_fd, "", 1);
	while (n < 0 && errno == EINTR);
	close(ready_fd);
	daemon_detach_streams();
}
