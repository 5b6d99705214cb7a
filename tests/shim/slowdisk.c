/*
 * slowdisk.c - preloaded into the server by the tests: a disk that needs three seconds a read.
 *
 * It holds the files whose path has "slow" in it. Of such a file nothing is in the page cache at
 * first: reads that must not wait say EAGAIN, reads that may wait bring in one stretch after
 * SLOW_S. Opening by name is the same. A wait in the main thread, which is the one with the loop,
 * ends the process: that is what the test is about. Its cache forgets nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum {
	SLOW_S = 3,
	STRETCH = 512 << 10, /* what one wait brings in, like a kernel that reads ahead */
	FILES = 32,
	STRETCHES = 64,
};

struct slow_file {
	dev_t dev;
	ino_t ino;
	bool cached[STRETCHES];
};

static struct slow_file files[FILES];
static unsigned file_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*next_pread)(int, void *, size_t, off64_t);
static ssize_t (*next_preadv2)(int, const struct iovec *, int, off64_t, int);
static ssize_t (*next_sendfile)(int, int, off64_t *, size_t);
static long (*next_syscall)(long, ...);

__attribute__((constructor)) static void find_next(void)
{
	*(void **)&next_pread = dlsym(RTLD_NEXT, "pread64");
	*(void **)&next_preadv2 = dlsym(RTLD_NEXT, "preadv64v2");
	*(void **)&next_sendfile = dlsym(RTLD_NEXT, "sendfile64");
	*(void **)&next_syscall = dlsym(RTLD_NEXT, "syscall");
}

static void wait_for_disk(const char *what)
{
	struct timespec t = { .tv_sec = SLOW_S };
	if (gettid() == getpid()) {
		fprintf(stderr, "slowdisk: %s waits in the main thread\n", what);
		abort();
	}
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static bool is_slow(int fd)
{
	char link[32], path[4096];
	int kept = errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	errno = kept;
	path[n > 0 ? n : 0] = '\0';
	return path[0] == '/' && strstr(path, "slow");
}

/* With the lock held. */
static struct slow_file *find_file(const struct stat *st)
{
	for (unsigned i = 0; i < file_count; i++)
		if (files[i].dev == st->st_dev && files[i].ino == st->st_ino)
			return &files[i];
	if (file_count == FILES)
		abort(); /* a test that needs more says so here */
	files[file_count] = (struct slow_file){ .dev = st->st_dev, .ino = st->st_ino };
	return &files[file_count++];
}

/* The first stretch of the range that is not cached, -1 if all are; marks it when told. */
static int missing(const struct stat *st, off64_t at, size_t len, bool mark)
{
	int found = -1;
	off64_t end = at + (off64_t)len < st->st_size ? at + (off64_t)len : st->st_size;
	pthread_mutex_lock(&lock);
	struct slow_file *f = find_file(st);
	for (off64_t i = at / STRETCH; found < 0 && i * STRETCH < end && i < STRETCHES; i++)
		if (!f->cached[i])
			found = (int)i;
	if (found >= 0 && mark)
		f->cached[found] = true;
	pthread_mutex_unlock(&lock);
	return found;
}

/* False: it is not cached and the caller does not want to wait. */
static bool bring_in(int fd, off64_t at, size_t len, bool may_wait, const char *what)
{
	struct stat st;
	int i;
	if (!is_slow(fd) || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return true;
	while ((i = missing(&st, at, len, false)) >= 0) {
		if (!may_wait)
			return false;
		wait_for_disk(what);
		missing(&st, (off64_t)i * STRETCH, 1, true);
	}
	return true;
}

EXPORT ssize_t pread64(int fd, void *to, size_t n, off64_t at)
{
	bring_in(fd, at, n, true, "pread");
	return next_pread(fd, to, n, at);
}

EXPORT ssize_t preadv64v2(int fd, const struct iovec *iov, int count, off64_t at, int flags)
{
	size_t n = 0;
	for (int i = 0; i < count; i++)
		n += iov[i].iov_len;
	if (!bring_in(fd, at, n, !(flags & RWF_NOWAIT), "preadv2")) {
		errno = EAGAIN;
		return -1;
	}
	return next_preadv2(fd, iov, count, at, flags);
}

EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t n)
{
	if (offset)
		bring_in(in, *offset, n, true, "sendfile");
	return next_sendfile(out, in, offset, n);
}

static bool may_open(long arg2, long arg3)
{
	const char *name = (const char *)arg2;
	const struct open_how *how = (const struct open_how *)arg3;
	if (!strstr(name, "slow"))
		return true;
	if (how->resolve & RESOLVE_CACHED) {
		errno = EAGAIN;
		return false;
	}
	wait_for_disk("openat2");
	return true;
}

/* openat2 has no function of its own in libc. Six arguments are passed on whether they were given
 * or not: in registers that costs nothing and nobody looks at those too many. */
EXPORT long syscall(long number, ...)
{
	long a[6];
	va_list list;
	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_openat2 && !may_open(a[1], a[2]))
		return -1;
	return next_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The names of the same calls without 64 in them and with _FORTIFY_SOURCE. */
EXPORT ssize_t pread(int fd, void *to, size_t n, off_t at)
{
	return pread64(fd, to, n, at);
}

EXPORT ssize_t preadv2(int fd, const struct iovec *iov, int count, off_t at, int flags)
{
	return preadv64v2(fd, iov, count, at, flags);
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t n)
{
	return sendfile64(out, in, offset, n);
}

EXPORT ssize_t __pread_chk(int fd, void *to, size_t n, off_t at, size_t room);
EXPORT ssize_t __pread_chk(int fd, void *to, size_t n, off_t at, size_t room)
{
	(void)room;
	return pread64(fd, to, n, at);
}

EXPORT ssize_t __pread64_chk(int fd, void *to, size_t n, off64_t at, size_t room);
EXPORT ssize_t __pread64_chk(int fd, void *to, size_t n, off64_t at, size_t room)
{
	(void)room;
	return pread64(fd, to, n, at);
}
