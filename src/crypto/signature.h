/*
 * signature.h - signatures of tokens (RFC 7518 section 3): HS256, RS256 and ES256, each with keys
 * that are good for it alone.
 *
 * A key knows its algorithm: whoever verifies compares it with what a token says of itself, so that
 * nobody can have a public key taken for a secret.
 */
#ifndef CRYPTO_SIGNATURE_H
#define CRYPTO_SIGNATURE_H

#include "base/error.h"
#include "base/slice.h"

enum signature_algorithm {
	SIGNATURE_HS256, /* HMAC with SHA-256 */
	SIGNATURE_RS256, /* RSASSA-PKCS1-v1_5 with SHA-256 */
	SIGNATURE_ES256, /* ECDSA on P-256 with SHA-256: r and s, 32 bytes each */
	SIGNATURE_UNKNOWN,
};

enum {
	SIGNATURE_MAX = 1024,      /* bytes: of RSA with 8192 bits */
	SIGNATURE_SECRET_MIN = 32, /* RFC 7518 section 3.2 */
};

struct signature_key;

enum signature_algorithm signature_find(struct slice name); /* "ES256" */
const char *signature_name(enum signature_algorithm algorithm);

/* Each returns NULL for what is no key of that kind, or too weak, with a static text that says why.
 * The bytes are copied. */
struct signature_key *signature_key_secret(struct slice secret, const char **reason_out);
/* Modulus and exponent, x and y: big-endian, as in a JWK (RFC 7518 section 6). */
struct signature_key *signature_key_rsa(
    struct slice modulus, struct slice exponent, const char **reason_out);
struct signature_key *signature_key_ec(struct slice x, struct slice y, const char **reason_out);

/* Calls fn, which takes the key, for each public key and certificate in PEM. ERR_SYNTAX with the
 * reason at the first block that is neither. */
MUST_CHECK int signature_keys_pem(struct slice text,
    void (*fn)(void *ctx, struct signature_key *key), void *ctx, const char **reason_out);

void signature_key_free(struct signature_key **key);
enum signature_algorithm signature_key_algorithm(const struct signature_key *key);

bool signature_verify(const struct signature_key *key, struct slice text, struct slice signature);

#endif
