/*
 * digest.h - hashes of OpenSSL, for folders that do not know it.
 */
#ifndef TLS_DIGEST_H
#define TLS_DIGEST_H

#include "base/slice.h"

enum { DIGEST_SHA1 = 20, DIGEST_SHA256 = 32 }; /* their bytes */

void digest_sha1(struct slice bytes, unsigned char out[DIGEST_SHA1]); /* for names, not secrets */
void digest_sha256(struct slice bytes, unsigned char out[DIGEST_SHA256]);

#endif
