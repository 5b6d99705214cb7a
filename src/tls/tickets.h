/*
 * tickets.h - keys that session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1).
 *
 * They stand in the memory that all processes share (score_secrets), so a ticket of one worker is
 * good for every other one, also after a crash, a reload and an upgrade. Nothing is kept for a
 * session: the ticket is all there is of it. Whoever has a key can read what was resumed with it,
 * so each is used for half a day and forgotten after a whole one.
 */
#ifndef TLS_TICKETS_H
#define TLS_TICKETS_H

#include "base/error.h"

#include <openssl/ssl.h>
#include <stdint.h>

enum {
	TICKETS_ROTATE_S = 12 * 3600,
	TICKETS_LIFETIME_S = TICKETS_ROTATE_S, /* the key before the current one is still known */
};

/* Master, once a minute or so: makes the first key, and a new one when it is due. ERR_IO without
 * randomness: the old one stays. */
MUST_CHECK int tickets_rotate(uint64_t now_ms);
/* Has the sessions of a context sealed with them. */
void tickets_use(SSL_CTX *ctx);

#endif
