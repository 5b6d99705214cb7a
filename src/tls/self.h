/*
 * self.h - a certificate made on the spot, for development: nobody but this machine vouches for it.
 */
#ifndef TLS_SELF_H
#define TLS_SELF_H

#include "tls/certificate.h"

#include <limits.h>

/*
 * One for `names` (host names and addresses; localhost and its addresses come by themselves): the
 * one that was made earlier, if it still has 30 days and all the names, else a new one: ECDSA
 * P-256, good for a year. It is kept in the state directory; its path is in path_out, empty if it
 * could not be kept (why_out says why; it works all the same until the next start). ERR_IO when
 * there is none.
 */
MUST_CHECK int self_certificate(struct certificate *out, const char *const *names,
    char path_out[PATH_MAX], char why_out[CERTIFICATE_WHY]);

/* Makes a new one, kept nowhere. ERR_IO. */
MUST_CHECK int self_certificate_make(struct certificate *out, const char *const *names);

#endif
