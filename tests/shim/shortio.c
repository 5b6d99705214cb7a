/*
 * shortio.c - preloaded into the server by the tests: sockets that take and give a few bytes at a
 * time.
 *
 * Each call that moves bytes over a stream socket moves 1 to 7 of them, another number each time;
 * the kernel is asked for nothing else, so what it says (EAGAIN, end of file, errors) stays true. A
 * server that takes a short count for "empty" or "full" hangs or loses bytes here. Other
 * descriptors are left alone: files have no short counts to speak of, and a datagram that is cut is
 * lost.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { CUT_MAX = 7 };

static ssize_t (*next_read)(int, void *, size_t);
static ssize_t (*next_write)(int, const void *, size_t);
static ssize_t (*next_readv)(int, const struct iovec *, int);
static ssize_t (*next_writev)(int, const struct iovec *, int);
static ssize_t (*next_recv)(int, void *, size_t, int);
static ssize_t (*next_send)(int, const void *, size_t, int);
static ssize_t (*next_recvmsg)(int, struct msghdr *, int);
static ssize_t (*next_sendmsg)(int, const struct msghdr *, int);
static ssize_t (*next_sendfile)(int, int, off_t *, size_t);

__attribute__((constructor)) static void find_next(void)
{
	*(void **)&next_read = dlsym(RTLD_NEXT, "read");
	*(void **)&next_write = dlsym(RTLD_NEXT, "write");
	*(void **)&next_readv = dlsym(RTLD_NEXT, "readv");
	*(void **)&next_writev = dlsym(RTLD_NEXT, "writev");
	*(void **)&next_recv = dlsym(RTLD_NEXT, "recv");
	*(void **)&next_send = dlsym(RTLD_NEXT, "send");
	*(void **)&next_recvmsg = dlsym(RTLD_NEXT, "recvmsg");
	*(void **)&next_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
	*(void **)&next_sendfile = dlsym(RTLD_NEXT, "sendfile");
}

/* How many of n bytes may go this time. */
static size_t cut(int fd, size_t n)
{
	static atomic_uint counter;
	int kept = errno;
	int type = 0;
	socklen_t size = sizeof(type);
	int is_socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
	errno = kept;
	if (!is_socket || type != SOCK_STREAM)
		return n;
	/* 3 has no common divisor with 7: all sizes occur. */
	size_t most = 1 + counter++ * 3 % CUT_MAX;
	return n < most ? n : most;
}

/* The first bytes of `iov`, as many as may go, as entries of `few`; returns their number. */
static int cut_iov(int fd, const struct iovec *iov, size_t count, struct iovec few[CUT_MAX])
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += iov[i].iov_len;
	size_t left = cut(fd, total);
	if (left == total)
		return -1; /* as it is */
	int used = 0;
	for (size_t i = 0; i < count && left > 0; i++) {
		if (iov[i].iov_len == 0)
			continue;
		few[used] = iov[i];
		if (few[used].iov_len > left)
			few[used].iov_len = left;
		left -= few[used++].iov_len;
	}
	return used;
}

EXPORT ssize_t read(int fd, void *to, size_t n)
{
	return next_read(fd, to, cut(fd, n));
}

EXPORT ssize_t write(int fd, const void *from, size_t n)
{
	return next_write(fd, from, cut(fd, n));
}

EXPORT ssize_t recv(int fd, void *to, size_t n, int flags)
{
	return next_recv(fd, to, cut(fd, n), flags);
}

EXPORT ssize_t send(int fd, const void *from, size_t n, int flags)
{
	return next_send(fd, from, cut(fd, n), flags);
}

EXPORT ssize_t readv(int fd, const struct iovec *iov, int count)
{
	struct iovec few[CUT_MAX];
	int used = cut_iov(fd, iov, (size_t)count, few);
	return used < 0 ? next_readv(fd, iov, count) : next_readv(fd, few, used);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int count)
{
	struct iovec few[CUT_MAX];
	int used = cut_iov(fd, iov, (size_t)count, few);
	return used < 0 ? next_writev(fd, iov, count) : next_writev(fd, few, used);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct iovec few[CUT_MAX];
	struct iovec *iov = msg->msg_iov;
	size_t count = msg->msg_iovlen;
	int used = cut_iov(fd, iov, count, few);
	if (used >= 0) {
		msg->msg_iov = few;
		msg->msg_iovlen = (size_t)used;
	}
	ssize_t n = next_recvmsg(fd, msg, flags);
	msg->msg_iov = iov;
	msg->msg_iovlen = count;
	return n;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct iovec few[CUT_MAX];
	struct msghdr copy = *msg;
	int used = cut_iov(fd, msg->msg_iov, msg->msg_iovlen, few);
	if (used >= 0) {
		copy.msg_iov = few;
		copy.msg_iovlen = (size_t)used;
	}
	return next_sendmsg(fd, &copy, flags);
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t n)
{
	return next_sendfile(out, in, offset, cut(out, n));
}

/* The names that calls have when the server is compiled with _FORTIFY_SOURCE or with 64-bit
 * offsets. */
EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t n)
{
	return sendfile(out, in, offset, n);
}

EXPORT ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
EXPORT ssize_t __read_chk(int fd, void *to, size_t n, size_t room)
{
	(void)room;
	return read(fd, to, n);
}

EXPORT ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
EXPORT ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags)
{
	(void)room;
	return recv(fd, to, n, flags);
}
