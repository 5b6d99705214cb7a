/*
 * jwt_set.c - keys as JSON (RFC 7517, RFC 7518 section 6). Keys of other kinds and for other uses
 * stand in the sets of real issuers: they are passed over.
 */
#include "middleware/jwt_keys.h"

#include "base/base64.h"
#include "config.h"

#ifdef HAVE_JANSSON
#include <jansson.h>

static bool says(const json_t *key, const char *name, const char *wanted)
{
	const char *text = json_string_value(json_object_get(key, name));
	return text && strcmp(text, wanted) == 0;
}

/* False if there is no such member, or it is no base64url. */
static bool read_bytes(const json_t *key, const char *name, struct arena *a, struct slice *out)
{
	const char *text = json_string_value(json_object_get(key, name));
	size_t room = text ? strlen(text) : 0;
	char *bytes = arena_bytes(a, room + 1);
	ssize_t n = text ? base64_decode(slice_str(text), BASE64_URL, bytes, room) : -1;
	if (n < 0)
		return false;
	*out = slice_of(bytes, (size_t)n);
	return true;
}

static struct signature_key *read_material(
    const json_t *key, struct arena *a, const char **reason_out)
{
	struct slice one, two;
	*reason_out = "a key in the set lacks a part, or has one that is no base64url";
	if (says(key, "kty", "RSA") && read_bytes(key, "n", a, &one) &&
	    read_bytes(key, "e", a, &two))
		return signature_key_rsa(one, two, reason_out);
	if (says(key, "kty", "EC") && read_bytes(key, "x", a, &one) &&
	    read_bytes(key, "y", a, &two))
		return signature_key_ec(one, two, reason_out);
	if (says(key, "kty", "oct") && read_bytes(key, "k", a, &one))
		return signature_key_secret(one, reason_out);
	return NULL;
}

/* Whether it is of a kind that is known, and not said to be for anything else. */
static bool is_ours(const json_t *key)
{
	const json_t *use = json_object_get(key, "use"), *alg = json_object_get(key, "alg");
	enum signature_algorithm known = says(key, "kty", "RSA") ? SIGNATURE_RS256
					 : says(key, "kty", "EC") && says(key, "crv", "P-256")
					     ? SIGNATURE_ES256
					 : says(key, "kty", "oct") ? SIGNATURE_HS256
								   : SIGNATURE_UNKNOWN;
	return known != SIGNATURE_UNKNOWN && (!use || says(key, "use", "sig")) &&
	       (!alg || says(key, "alg", signature_name(known)));
}

static const char *read_key(struct jwt_keys *keys, const json_t *value)
{
	const char *reason = NULL;
	struct arena a;
	if (!json_is_object(value))
		return "a key in the set is no JSON object";
	if (!is_ours(value))
		return NULL;
	arena_init(&a);
	struct signature_key *key = read_material(value, &a, &reason);
	arena_fini(&a);
	if (!key)
		return reason;
	const char *id = json_string_value(json_object_get(value, "kid"));
	return jwt_keys_add(keys, key, slice_str(id)) ? NULL : "more than 64 keys";
}

const char *jwt_keys_read_set(struct jwt_keys *keys, struct slice text)
{
	json_error_t error;
	json_t *set = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
	const json_t *list = json_object_get(set, "keys");
	const char *reason = NULL;
	if (!set)
		reason = "not JSON, although it begins with '{'";
	else if (!json_is_array(list))
		reason = read_key(keys, set);
	for (size_t i = 0; !reason && i < json_array_size(list); i++)
		reason = read_key(keys, json_array_get(list, i));
	json_decref(set);
	return reason;
}

#else

const char *jwt_keys_read_set(struct jwt_keys *keys, struct slice text)
{
	(void)keys, (void)text;
	return "this build reads no JSON";
}

#endif
