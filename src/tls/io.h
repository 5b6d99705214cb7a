/*
 * io.h - between OpenSSL and the socket. Nobody outside tls/ includes it.
 *
 * All connections share one BIO: OpenSSL works for one connection at a time, and tls_enter says
 * for which. What OpenSSL writes is collected and sent with one call by tls_flush; what the
 * socket does not take is kept beside the connection. So OpenSSL never has to wait for the socket
 * to write, and a record half sent is nobody's concern above.
 */
#ifndef TLS_IO_H
#define TLS_IO_H

#include "tls/connection.h"

/* Bytes that can be collected before a flush is due: 64 KiB and what sealing adds. */
enum { TLS_CORK = 68 << 10 };

/* To be called before any call of OpenSSL that may read or write. */
void tls_enter(struct tls_connection *t);
/* For whom OpenSSL works at the moment: for its callbacks. */
struct tls_connection *tls_current(void);
/* The connection is about to be freed. */
void tls_forget(const struct tls_connection *t);
/* Connects OpenSSL with the socket. */
void tls_io_attach(SSL *ssl);

/* Sends what was collected. OK, ERR_AGAIN (the rest is kept, the socket will tell), ERR_CLOSED. */
MUST_CHECK int tls_flush(struct tls_connection *t);
/* Whether something was collected and not yet sent. */
bool tls_corked(const struct tls_connection *t);

#endif
