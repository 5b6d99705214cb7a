/*
 * channel.h - the messages between the master and one worker, over a SOCK_SEQPACKET pair.
 *
 * A worker is the weaker side: what it sends is checked like any other input, and descriptors from
 * it are refused. End of file means that the other side is gone.
 */
#ifndef PROCESS_CHANNEL_H
#define PROCESS_CHANNEL_H

#include "base/error.h"

#include <stdint.h>

enum channel_type {
	/* worker to master */
	CHANNEL_READY = 1, /* accepts connections; value: SANDBOX_* bits in force */
	CHANNEL_DRAINING,  /* accepts no more, finishes what it has */
	/* master to worker */
	CHANNEL_DRAIN,     /* value 1: nobody follows, so take the backlog */
	CHANNEL_CUT,       /* end now */
	CHANNEL_REOPENED,  /* value: index of a log file of the group; fd: its new descriptor */
	CHANNEL_ERROR_LOG, /* fd: the error log's new descriptor */
	/* between two masters during an upgrade: READY, too */
	CHANNEL_TAKE,   /* old to new: you are the master */
	CHANNEL_TAKEN,  /* new to old: so I am */
	CHANNEL_FAILED, /* new to old: the binary can not be started; value: errno */
	CHANNEL_TYPES,
};

struct channel_message {
	uint32_t type;
	uint32_t value;
	int fd; /* -1: none. Borrowed when sent, owned when received */
};

/* Both ends are non-blocking and close-on-exec. ERR_IO. */
MUST_CHECK int channel_pair(int fds_out[2]);

/* ERR_AGAIN when the other side does not read, ERR_CLOSED when it is gone, ERR_IO. */
MUST_CHECK int channel_send(int fd, const struct channel_message *message);

/* ERR_AGAIN when there is none, ERR_CLOSED, ERR_SYNTAX for what is no message (it is dropped),
 * ERR_IO. */
MUST_CHECK int channel_receive(int fd, struct channel_message *out);

#endif
