/*
 * certificate.h - a certificate with its chain and its private key: read from files, looked at.
 *
 * Used by the master only, which may read what workers must not.
 */
#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H

#include "base/error.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	CERTIFICATE_WHY = 256,      /* room for a reason in words */
	CERTIFICATE_WARN_DAYS = 14, /* two tries at a renewal, a week apart */
};

struct certificate {
	X509 *leaf;
	STACK_OF(X509) * chain; /* never NULL once read */
	EVP_PKEY *key;
};

/* ERR_IO, ERR_SYNTAX, or ERR_DENIED when the two do not belong together; the reason in words names
 * the file. What is returned is given back with certificate_fini, also after an error. */
MUST_CHECK int certificate_read(
    struct certificate *out, const char *file, const char *key_file, char why_out[CERTIFICATE_WHY]);
void certificate_fini(struct certificate *c);

/* Why nobody should trust it for its form: key too short, digest broken; false if there is nothing.
 */
bool certificate_weak(const struct certificate *c, char why_out[CERTIFICATE_WHY]);
/* Seconds from `now` to its end and to its beginning (wall clock; negative: that is over). */
int64_t certificate_ends_in(const X509 *leaf, int64_t now_s);
int64_t certificate_begins_in(const X509 *leaf, int64_t now_s);
/* Whether it stands for a site's name: "example.org", "*.example.org", "127.0.0.1", "[::1]". */
bool certificate_names(const X509 *leaf, const char *name);
/* Whether each certificate of the chain has signed the one before it. */
bool certificate_chain_in_order(const struct certificate *c);

#endif
