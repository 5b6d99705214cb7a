/*
 * auth.c - fuzz target: what decides who passes. The first byte chooses: a token that nobody
 * signed, claims of one that is signed here, a file of keys, a file of users. No token passes that
 * was not signed, and of one that was no claim lies outside of it.
 */
#include "crypto/secret.h"
#include "crypto/signature.h"
#include "middleware/htpasswd.h"
#include "middleware/jwt.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "a secret that the fuzzer does not see"

static const char header[] = "eyJhbGciOiJIUzI1NiJ9."; /* {"alg":"HS256"} */

static size_t encode(const uint8_t *from, size_t len, char *to)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | from[i];
		for (have += 8; have >= 6; have -= 6)
			to[n++] = digits[bits >> (have - 6) & 63];
	}
	if (have)
		to[n++] = digits[bits << (6 - have) & 63];
	return n;
}

static struct slice sign(const uint8_t *data, size_t size, char *room)
{
	unsigned char mac[SECRET_MAC];
	size_t len = sizeof(header) - 1;
	memcpy(room, header, len);
	len += encode(data, size, room + len);
	secret_mac(SLICE(SECRET), slice_of(room, len), mac);
	room[len++] = '.';
	return slice_of(room, len + encode(mac, sizeof(mac), room + len));
}

static void check_claims(const struct jwt_claims *claims)
{
	size_t sum = 0;
	if (claims->count > JWT_CLAIMS_MAX)
		abort();
	for (unsigned i = 0; i < claims->count; i++) {
		sum += claims->list[i].name.len;
		for (size_t k = 0; k < claims->list[i].value.len; k++)
			if (claims->list[i].value.ptr[k] == '\0')
				abort();
	}
	if (sum > JWT_MAX)
		abort();
}

static void try_token(struct slice token, bool is_signed)
{
	static const struct config_strings nobody;
	const char *reason;
	struct jwt_claims claims;
	struct arena a;
	struct jwt_keys *keys = jwt_keys_parse(SLICE(SECRET), &reason);
	const struct jwt_rules rules = { .keys = keys, .algorithms = ~0u, .audience = &nobody };
	arena_init(&a);
	reason = jwt_verify(token, &rules, 1000000, &a, &claims);
	if (!reason && !is_signed)
		abort();
	if (!reason)
		check_claims(&claims);
	arena_fini(&a);
	jwt_keys_free(&keys);
}

static void try_keys(struct slice content)
{
	const char *reason = NULL;
	struct jwt_keys *keys = jwt_keys_parse(content, &reason);
	if (keys ? jwt_keys_algorithms(keys) == 0 : !reason)
		abort();
	jwt_keys_free(&keys);
}

static void try_users(struct slice content)
{
	bool known;
	struct htpasswd *users = htpasswd_parse(content, NULL, NULL);
	struct slice hash = htpasswd_find(users, SLICE("alice"), &known);
	if (known && hash.len == 0)
		abort();
	htpasswd_free(&users);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char room[JWT_MAX * 2];
	if (size == 0 || size > JWT_MAX / 2)
		return 0;
	struct slice rest = slice_of((const char *)data + 1, size - 1);
	switch (data[0]) {
	case 't':
		try_token(rest, false);
		break;
	case 'c':
		try_token(sign(data + 1, size - 1, room), true);
		break;
	case 'k':
		try_keys(rest);
		break;
	case 'u':
		try_users(rest);
		break;
	}
	return 0;
}
