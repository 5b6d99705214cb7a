/*
 * password.h - hashes of passwords as they stand in files of users: which are taken, and whether a
 * password is the right one.
 *
 * All but apr1 is crypt(3) of libxcrypt. Hashing takes some 50 ms on purpose: never in the loop.
 */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

enum {
	PASSWORD_MAX = 511,      /* what crypt(3) takes */
	PASSWORD_HASH_MAX = 384, /* with its NUL: what crypt(3) gives */
};

enum password_method {
	PASSWORD_BCRYPT,   /* $2a$ $2b$ $2y$ */
	PASSWORD_YESCRYPT, /* $y$ */
	PASSWORD_SHA512,   /* $6$ */
	PASSWORD_SHA256,   /* $5$ */
	PASSWORD_APR1, /* $apr1$: a thousand rounds of MD5, of no use against whoever has the file
			*/
	PASSWORD_UNKNOWN,
};

/* By its form. Of PASSWORD_UNKNOWN a static text says what is wrong. */
enum password_method password_method(struct slice hash, const char **reason_out);

/* Blocks, and is safe in any thread. False, too, for what is not a hash of a known method. */
bool password_matches(const char *password, const char *hash);

/* A new hash with the best method that the library has: yescrypt, else SHA-512. ERR_RANGE for a
 * password that is empty or over PASSWORD_MAX, ERR_IO with errno. Blocks. */
MUST_CHECK int password_hash(const char *password, char hash_out[PASSWORD_HASH_MAX]);

#endif
