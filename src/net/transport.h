/*
 * transport.h - how bytes cross: a plain socket here, TLS above in tls/.
 *
 * Each call returns the number of bytes that went, 0 for end of file (recv only), ERR_AGAIN when
 * the socket has or takes no more (an edge will tell), ERR_CLOSED when the peer is gone or broke
 * the rules.
 */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct conn;

/* What is known of an encrypted connection. Lives as long as the connection does. */
struct security {
	const char *version; /* "TLSv1.3" */
	const char *cipher;  /* "TLS_AES_128_GCM_SHA256" */
	const char *client;  /* the subject of the client's certificate (RFC 4514); NULL: none */
	/* The identity the client was shown, and that of all names without one of their own; good
	 * for comparing only. */
	const void *identity;
	const void *fallback;
};

struct transport {
	const char *name;
	/* A recv that returns less than the room it had has read the socket empty (see
	 * conn_drained). */
	bool short_is_empty;
	ssize_t (*recv)(struct conn *c, char *to, size_t room);
	/* The most that one sendv takes, so that nobody prepares more; 0: all that there is. */
	size_t piece;
	ssize_t (*sendv)(struct conn *c, const struct iovec *iov, int count, bool more);
	/* Advances *offset. ERR_IO with errno when the file fails, 0 when it ends early. */
	ssize_t (*sendfile)(struct conn *c, int fd, off_t *offset, size_t len);
	/* Half-close: OK, or ERR_AGAIN to be called again when writable. */
	int (*shutdown)(struct conn *c);
	/* NULL: nothing is encrypted. */
	const struct security *(*security)(struct conn *c);
	/* Before a close in order: a last word to the peer, as far as it goes without waiting.
	 * NULL: there is none. */
	void (*farewell)(struct conn *c);
	void (*close)(struct conn *c); /* frees its state; the conn closes the descriptor */
};

extern const struct transport transport_plain;

#endif
