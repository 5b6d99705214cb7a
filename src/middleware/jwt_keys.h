/*
 * jwt_keys.h - the inside of struct jwt_keys, for jwt*.c.
 */
#ifndef MIDDLEWARE_JWT_KEYS_H
#define MIDDLEWARE_JWT_KEYS_H

#include "crypto/signature.h"
#include "middleware/jwt.h"

struct jwt_key {
	struct signature_key *key;
	struct slice id; /* kid; ptr NULL: it has none */
};

struct jwt_keys {
	struct arena arena; /* of the ids */
	unsigned count;
	struct jwt_key list[JWT_KEYS_MAX];
};

/* False if there are too many; the key is freed then. */
bool jwt_keys_add(struct jwt_keys *keys, struct signature_key *key, struct slice id);

/* A JWK or a set; NULL, or what is wrong. In jwt_set.c. */
const char *jwt_keys_read_set(struct jwt_keys *keys, struct slice text);

#endif
