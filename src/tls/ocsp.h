/*
 * ocsp.h - a response of the certificate's authority that it is not revoked, sent along with it
 * (RFC 6066 section 8). Taken from a file: of whoever renews the certificate, or where
 * ocsp_fetch.h has put it.
 */
#ifndef TLS_OCSP_H
#define TLS_OCSP_H

#include "base/error.h"

#include <openssl/ssl.h>
#include <stdint.h>

struct staple {
	unsigned char *der; /* NULL: there is none */
	int len;
	int64_t expires_s; /* wall clock; not sent any more from then on */
	int64_t refresh_s; /* half of its time is over: a new one should be had */
	const X509 *leaf;  /* that it speaks of */
};

enum { STAPLE_WHY = 256 };

/* ERR_IO or ERR_SYNTAX with the reason in words. leaf: what it has to speak of; NULL: anything. */
MUST_CHECK int staple_read(
    struct staple *out, const char *file, const X509 *leaf, char why_out[STAPLE_WHY]);
void staple_fini(struct staple *s);
/* The context sends those of `list` that belong to the certificate shown; `count` of them, which
 * live as long as the context. */
struct staples {
	struct staple *list;
	size_t count;
};
void staples_use(SSL_CTX *ctx, const struct staples *staples);

#endif
