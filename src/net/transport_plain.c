/*
 * transport_plain.c - bytes straight over the socket.
 *
 * sendfile(2) knows no MSG_NOSIGNAL: the process ignores SIGPIPE (see net_worker_init).
 */
#include "net/conn.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

static ssize_t result_of_errno(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN : ERR_CLOSED;
}

static ssize_t plain_recv(struct conn *c, char *to, size_t room)
{
	ssize_t n;
	do
		n = recv(c->watch.fd, to, room, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? result_of_errno() : n;
}

static ssize_t plain_sendv(struct conn *c, const struct iovec *iov, int count, bool more)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count };
	ssize_t n;
	do
		n = sendmsg(c->watch.fd, &msg, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
	while (n < 0 && errno == EINTR);
	return n < 0 ? result_of_errno() : n;
}

/* Whether the file is at fault, and not the socket. */
static bool is_file_error(int error)
{
	switch (error) {
	case EIO:
	case EINVAL:
	case EOVERFLOW:
	case EBADF:
	case ESPIPE:
	case EISDIR:
	case EACCES:
	case ESTALE:
	case ENOMEM:
		return true;
	default:
		return false;
	}
}

static ssize_t plain_sendfile(struct conn *c, int fd, off_t *offset, size_t len)
{
	ssize_t n;
	do
		n = sendfile(c->watch.fd, fd, offset, len);
	while (n < 0 && errno == EINTR);
	if (n < 0 && is_file_error(errno))
		return ERR_IO;
	return n < 0 ? result_of_errno() : n;
}

static int plain_shutdown(struct conn *c)
{
	return shutdown(c->watch.fd, SHUT_WR) < 0 ? ERR_CLOSED : OK;
}

static void plain_close(struct conn *c)
{
	(void)c;
}

const struct transport transport_plain = {
	.name = "plain",
	.short_is_empty = true,
	.recv = plain_recv,
	.sendv = plain_sendv,
	.sendfile = plain_sendfile,
	.shutdown = plain_shutdown,
	.close = plain_close,
};
