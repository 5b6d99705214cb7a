/*
 * secret.h - keyed hashes of what may not be kept, and comparisons that tell nothing by their time.
 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "base/slice.h"

enum { SECRET_MAC = 32 };

/* HMAC-SHA-256 (RFC 2104). A library that can not do it ends the process. */
void secret_mac(struct slice key, struct slice text, unsigned char mac_out[SECRET_MAC]);

bool secret_equal(const void *a, const void *b, size_t len);

/* Random bytes from the kernel; without any the process ends: it could keep no secret. */
void secret_random(void *out, size_t len);

#endif
