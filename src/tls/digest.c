/*
 * digest.c - see digest.h. Both hashes are in every OpenSSL, also where only approved ones are.
 */
#include "tls/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* It fails when memory does: see mem.h. */
static void digest(const EVP_MD *kind, struct slice bytes, unsigned char *out)
{
	if (EVP_Digest(bytes.ptr, bytes.len, out, NULL, kind, NULL) != 1)
		abort();
}

void digest_sha1(struct slice bytes, unsigned char out[DIGEST_SHA1])
{
	digest(EVP_sha1(), bytes, out);
}

void digest_sha256(struct slice bytes, unsigned char out[DIGEST_SHA256])
{
	digest(EVP_sha256(), bytes, out);
}
