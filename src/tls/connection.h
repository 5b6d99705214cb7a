/*
 * connection.h - the state of one TLS connection, shared by the files that move its bytes. Nobody
 * outside tls/ includes it.
 */
#ifndef TLS_CONNECTION_H
#define TLS_CONNECTION_H

#include "net/conn.h"

#include <openssl/ssl.h>

enum tls_phase {
	TLS_SHAKING, /* hands */
	TLS_OPEN,
	TLS_SHUT,   /* our close_notify or an alert is said: what still comes is thrown away */
	TLS_BROKEN, /* nothing can be said any more */
};

struct tls_connection {
	struct conn *conn;
	SSL *ssl;
	const struct tls_listen *listen;
	/* Sealed bytes that the socket did not take: kept here, so that OpenSSL never waits. */
	char *left;
	unsigned left_pos;
	unsigned left_len;
	unsigned owed;      /* bytes that are sealed, but not yet told to the queue as sent */
	unsigned burst;     /* bytes sealed without a pause: see record_size() */
	uint64_t sealed_ms; /* when the last was */
	enum tls_phase phase : 8;
	bool emptied : 1;    /* the last recv came back short: the socket had no more */
	unsigned recvs : 8;  /* calls of recv since tls_enter; up to 255 */
	bool at_end : 1;     /* the socket said end of file */
	bool greeted : 1;    /* the first bytes have been looked at */
	bool plain : 1;      /* they were those of plain HTTP */
	bool fresh : 1;      /* the handshake ended in this very call, with what one recv brought */
	bool counted : 1;    /* as one that shakes hands */
	struct slice early;  /* the plain bytes; heap */
	const void *context; /* struct tls_context that answers */
	struct security security;
	char *client; /* storage of security.client; heap */
};

/* The socket has no more, and an edge will tell when it has: known when a single recv brought just
 * what was waited for and came back short (see conn_read). After several a short one means nothing.
 */
static inline bool tls_socket_is_empty(const struct tls_connection *t)
{
	return t->emptied && t->recvs == 1 && !(t->conn->flags & CONN_HUNG);
}

static inline struct tls_connection *tls_of(const struct conn *c)
{
	return c->transport_state;
}

struct tls_connection *tls_connection_new(struct conn *c);
void tls_connection_free(struct conn *c);

#endif
