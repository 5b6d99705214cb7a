/*
 * jwt.h - signed tokens in their compact form (RFC 7519, RFC 7515): keys, and whether a token is
 * good now.
 *
 * Of RFC 8725, best practice: the key decides the algorithm, there is no "none", nothing in the
 * header is fetched or believed but the name of a key.
 */
#ifndef MIDDLEWARE_JWT_H
#define MIDDLEWARE_JWT_H

#include "base/arena.h"
#include "config/keys.h"

enum {
	JWT_MAX = 8 << 10,        /* bytes of a token: what header fields usually may have */
	JWT_KEYS_MAX = 64,        /* in a file */
	JWT_FILE_MAX = 256 << 10, /* bytes of it */
	JWT_CLAIMS_MAX = 64,      /* of a token; those of real issuers have twenty or so */
};

struct jwt_keys;

const char *jwt_library(void); /* "jansson 2.14"; NULL: left out, no token is taken */

/* Public keys or certificates in PEM, a JWK or a set of them (RFC 7517), or, if it is neither, a
 * secret: the bytes without line ends behind them. NULL with a static text. */
struct jwt_keys *jwt_keys_parse(struct slice content, const char **reason_out);
void jwt_keys_free(struct jwt_keys **keys);
unsigned jwt_keys_algorithms(const struct jwt_keys *keys); /* bit SIGNATURE_x */

struct jwt_rules {
	const struct jwt_keys *keys;
	unsigned algorithms;                   /* bit SIGNATURE_x of what is taken */
	const struct config_strings *audience; /* none: the claim is not looked at */
	const char *issuer;                    /* NULL: likewise */
	int64_t leeway_s;
	bool expires; /* tokens without exp are refused */
};

/* The claims at the top that are text, numbers, truth values or lists of text, as text. */
struct jwt_claim {
	struct slice name;
	struct slice value;
};
struct jwt_claims {
	struct jwt_claim *list;
	unsigned count;
};

/* NULL if the token is good, and its claims, in the arena; else what is wrong, a static text that
 * can stand in a quoted-string. */
const char *jwt_verify(struct slice token, const struct jwt_rules *rules, int64_t now_s,
    struct arena *a, struct jwt_claims *claims_out);

#endif
