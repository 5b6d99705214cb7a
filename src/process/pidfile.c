/*
 * pidfile.c - see pidfile.h.
 *
 * The lock belongs to the open file, not to the process: it lasts until the last copy of the
 * descriptor is closed, so no worker may inherit it (worker.c closes what is not in the heritage).
 */
#include "process/pidfile.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void pidfile_init(struct pidfile *p)
{
	*p = (struct pidfile){ .fd = -1 };
}

static pid_t read_pid(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	long pid = strtol(text, NULL, 10);
	return pid > 0 ? (pid_t)pid : 0;
}

/* Whoever held the file before may have removed it between our open and our lock. */
static bool still_there(int fd, const char *path)
{
	struct stat mine, there;
	return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
	       mine.st_dev == there.st_dev;
}

static int write_pid(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0)
		return ERR_IO;
	ssize_t n = pwrite(fd, text, (size_t)len, 0);
	if (n >= 0 && n < len)
		errno = ENOSPC;
	return n == len ? OK : ERR_IO;
}

/* One try: ERR_AGAIN when the file vanished meanwhile. The descriptor goes to *fd_out. */
static int lock_file(const char *path, int *fd_out, pid_t *holder_out)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return ERR_IO;
	int result = OK;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		result = errno == EWOULDBLOCK ? ERR_DENIED : ERR_IO;
		*holder_out = read_pid(fd);
	} else if (!still_there(fd, path)) {
		result = ERR_AGAIN;
	}
	if (result == OK) {
		*fd_out = fd;
	} else {
		int saved = errno;
		close(fd);
		errno = saved;
	}
	return result;
}

int pidfile_open(struct pidfile *p, const char *path, pid_t *holder_out)
{
	int fd = -1;
	int result;
	*holder_out = 0;
	do
		result = lock_file(path, &fd, holder_out);
	while (result == ERR_AGAIN);
	if (result < 0)
		return result;
	if (write_pid(fd) < 0) {
		int saved = errno;
		unlink(path);
		close(fd);
		errno = saved;
		return ERR_IO;
	}
	*p = (struct pidfile){ .path = mem_strdup(path), .fd = fd };
	return OK;
}

void pidfile_release(struct pidfile *p)
{
	if (p->fd >= 0)
		flock(p->fd, LOCK_UN);
}

void pidfile_close(struct pidfile *p)
{
	if (p->fd < 0)
		return;
	if (flock(p->fd, LOCK_EX | LOCK_NB) == 0 && still_there(p->fd, p->path))
		unlink(p->path);
	close(p->fd);
	mem_free(p->path);
	pidfile_init(p);
}
