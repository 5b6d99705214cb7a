/*
 * secret.c - see secret.h.
 */
#include "crypto/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <sys/random.h>

void secret_mac(struct slice key, struct slice text, unsigned char mac_out[SECRET_MAC])
{
	if (!HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)text.ptr, text.len,
		mac_out, NULL))
		abort();
}

bool secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void secret_random(void *out, size_t len)
{
	if (getrandom(out, len, 0) != (ssize_t)len) /* whole for up to 256 bytes */
		abort();
}
