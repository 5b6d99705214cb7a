/*
 * handshake.h - from a newcomer on a TLS port to the protocol it wants to speak.
 *
 * The acceptor takes tls_handshake as the protocol and transport_tls as the transport. When both
 * sides have agreed, the connection gets the protocol that ALPN (RFC 7301) chose, and this is out
 * of the way. Who speaks plain HTTP instead is handed over likewise, without the transport.
 */
#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H

#include "base/slice.h"
#include "net/protocol.h"

#include <openssl/ssl.h>
#include <stdint.h>

struct tls_context;

/* conn->server of a connection until its handshake is done; the same for all of a listener. */
struct tls_listen {
	/* Who answers for a name (SNI), which is lower case without a dot at its end, or for none:
	 * never NULL. */
	const struct tls_context *(*choose)(const struct tls_listen *l, struct slice name);
	const struct tls_context *fallback; /* shown to names without a certificate of their own */
	const struct protocol *const *protocols; /* for ALPN, the best first; NULL-terminated */
	const struct protocol *silent;           /* for clients without ALPN */
	void *server;                            /* becomes conn->server */
	void *astray_server; /* the same for those who speak plain HTTP; NULL: they are cut off */
	uint64_t handshake_ms;
	void *owner; /* of whoever made it */
};

extern const struct protocol tls_handshake;

/* Has the handshakes of a context consult the connection's tls_listen. */
void handshake_use(SSL_CTX *ctx);

#endif
