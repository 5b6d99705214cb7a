/*
 * channel.c - see channel.h. One message is one packet of two words, with at most one descriptor
 * beside it.
 */
#include "process/channel.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct packet {
	uint32_t type;
	uint32_t value;
};

union control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int error_of(int err)
{
	switch (err) {
	case EAGAIN:
	case ENOBUFS:
		return ERR_AGAIN;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return ERR_CLOSED;
	}
	return ERR_IO;
}

int channel_pair(int fds_out[2])
{
	int type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
	return socketpair(AF_UNIX, type, 0, fds_out) < 0 ? ERR_IO : OK;
}

int channel_send(int fd, const struct channel_message *message)
{
	struct packet packet = { message->type, message->value };
	struct iovec iov = { &packet, sizeof(packet) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	if (message->fd >= 0) {
		memset(&control, 0, sizeof(control));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &message->fd, sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	ssize_t n;
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_of(errno) : OK;
}

/* The descriptor that came along; -1 without one. There is room for one only, the kernel closes any
 * more. */
static int take_descriptor(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len < CMSG_LEN(sizeof(int)))
		return -1;
	int fd;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int channel_receive(int fd, struct channel_message *out)
{
	struct packet packet;
	struct iovec iov = { &packet, sizeof(packet) };
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_of(errno);
	int passed = take_descriptor(&msg);
	bool sound = n == sizeof(packet) && !(msg.msg_flags & MSG_TRUNC) && packet.type > 0 &&
		     packet.type < CHANNEL_TYPES;
	if (sound) {
		*out = (struct channel_message){ packet.type, packet.value, passed };
		return OK;
	}
	if (passed >= 0)
		close(passed);
	return n == 0 ? ERR_CLOSED : ERR_SYNTAX;
}
