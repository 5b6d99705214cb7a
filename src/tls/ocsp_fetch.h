/*
 * ocsp_fetch.h - asks the authority that issued a certificate whether it is revoked (RFC 6960).
 *
 * ocsp_fetch waits for name server and responder, so it is for a process of its own (web_ocsp.c).
 */
#ifndef TLS_OCSP_FETCH_H
#define TLS_OCSP_FETCH_H

#include "tls/certificate.h"
#include "tls/ocsp.h"

enum { OCSP_FETCH_S = 10 }; /* longest wait for a responder; most answer in a tenth of a second */

/* Whether the certificate names a responder, and its file the issuer; why_out continues "the
 * certificate in FILE ...". */
bool ocsp_can_fetch(const struct certificate *c, char why_out[STAPLE_WHY]);

/*
 * Fills in der and len with a response that is signed by the issuer or in his name, in force, and
 * says that the certificate is good. ERR_IO, ERR_SYNTAX, or ERR_DENIED if it is revoked, with the
 * reason in words.
 */
MUST_CHECK int ocsp_fetch(
    const struct certificate *c, struct staple *out, char why_out[STAPLE_WHY]);

#endif
