/*
 * jwt.c - see jwt.h. Nothing of a token is looked at before its signature has been verified but the
 * two names in its header that choose the key.
 */
#include "middleware/jwt.h"

#include "base/base64.h"
#include "config.h"
#include "crypto/signature.h"
#include "middleware/jwt_keys.h"

#include <stdio.h>

#ifdef HAVE_JANSSON
#include <jansson.h>

struct check {
	const struct jwt_rules *rules;
	int64_t now_s;
	struct arena *arena;
};

const char *jwt_library(void)
{
	return "jansson " JANSSON_VERSION;
}

/* A JSON object in base64url; NULL if it is anything else. Twice the same name in it could mean one
 * thing here and another elsewhere. */
static json_t *decode(struct slice part, struct arena *a)
{
	json_error_t error;
	char *text = arena_bytes(a, part.len + 1);
	ssize_t len = base64_decode(part, BASE64_URL, text, part.len);
	json_t *object =
	    len > 0 ? json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, &error) : NULL;
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static struct slice text_of(const json_t *value)
{
	return slice_of(json_string_value(value), json_string_length(value));
}

/* Extensions that a header calls critical (RFC 7515 section 4.1.11) are all unknown here. */
static const char *verify_by(const json_t *header, const struct jwt_rules *rules,
    struct slice signed_part, struct slice signature)
{
	enum signature_algorithm algorithm =
	    signature_find(text_of(json_object_get(header, "alg")));
	struct slice id = text_of(json_object_get(header, "kid"));
	if (algorithm == SIGNATURE_UNKNOWN || !(rules->algorithms & 1u << algorithm))
		return "the algorithm is not taken";
	if (json_object_get(header, "crit"))
		return "an extension is not known";
	for (unsigned i = 0; i < rules->keys->count; i++) {
		const struct jwt_key *k = &rules->keys->list[i];
		if (signature_key_algorithm(k->key) != algorithm ||
		    (id.ptr && k->id.ptr && !slice_eq(id, k->id)))
			continue;
		if (signature_verify(k->key, signed_part, signature))
			return NULL;
	}
	return "the signature is wrong";
}

/* Times are seconds, perhaps with a fraction (RFC 7519 section 2). */
static const char *check_times(const struct check *c, const json_t *claims)
{
	const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
	double now = (double)c->now_s, leeway = (double)c->rules->leeway_s;
	if ((exp && !json_is_number(exp)) || (nbf && !json_is_number(nbf)))
		return "a time is no number";
	if (!exp && c->rules->expires)
		return "it never expires";
	if (exp && now >= json_number_value(exp) + leeway)
		return "the token has expired";
	if (nbf && now < json_number_value(nbf) - leeway)
		return "the token is not valid yet";
	return NULL;
}

static bool is_wanted(const struct config_strings *wanted, const json_t *value)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (json_is_string(value) && slice_eq(text_of(value), slice_str(wanted->list[i])))
			return true;
	return false;
}

static bool is_for_us(const struct config_strings *wanted, const json_t *aud)
{
	bool found = wanted->count == 0 || is_wanted(wanted, aud);
	for (size_t i = 0; !found && i < json_array_size(aud); i++)
		found = is_wanted(wanted, json_array_get(aud, i));
	return found;
}

static const char *check_claims(const struct check *c, const json_t *claims)
{
	const char *reason = check_times(c, claims);
	if (reason)
		return reason;
	/* To leave some out could make somebody nobody. */
	if (json_object_size(claims) > JWT_CLAIMS_MAX)
		return "the token has too many claims";
	if (!is_for_us(c->rules->audience, json_object_get(claims, "aud")))
		return "the token is for others";
	if (c->rules->issuer &&
	    !slice_eq(text_of(json_object_get(claims, "iss")), slice_str(c->rules->issuer)))
		return "the token is from somebody else";
	return NULL;
}

/* "a,b,c" of a list of text. */
static struct slice join(const json_t *list, struct arena *a)
{
	size_t room = 1, len = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		room += json_string_length(json_array_get(list, i)) + 1;
	char *text = arena_bytes(a, room);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct slice one = text_of(json_array_get(list, i));
		if (!one.ptr)
			return SLICE_NONE;
		if (i > 0)
			text[len++] = ',';
		memcpy(text + len, one.ptr, one.len);
		len += one.len;
	}
	return slice_of(text, len);
}

/* ptr NULL: not of a kind that has a text. */
static struct slice value_of(const json_t *value, struct arena *a)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return arena_dup(a, text_of(value));
	case JSON_INTEGER:
		return slice_str(arena_printf(a, "%lld", (long long)json_integer_value(value)));
	case JSON_REAL:
		return slice_str(arena_printf(a, "%.17g", json_real_value(value)));
	case JSON_TRUE:
		return SLICE("true");
	case JSON_FALSE:
		return SLICE("false");
	case JSON_ARRAY:
		return join(value, a);
	default:
		return SLICE_NONE;
	}
}

static void take_claims(json_t *claims, struct arena *a, struct jwt_claims *out)
{
	const char *name;
	json_t *value;
	out->count = 0;
	out->list = arena_alloc(a, (json_object_size(claims) + 1) * sizeof(*out->list));
	json_object_foreach(claims, name, value)
	{
		struct slice text = value_of(value, a);
		if (text.ptr)
			out->list[out->count++] =
			    (struct jwt_claim){ arena_dup(a, slice_str(name)), text };
	}
}

static const char *verify_payload(
    const struct check *c, struct slice payload, struct jwt_claims *claims_out)
{
	json_t *claims = decode(payload, c->arena);
	const char *reason = claims ? check_claims(c, claims) : "the token is malformed";
	if (!reason)
		take_claims(claims, c->arena, claims_out);
	json_decref(claims);
	return reason;
}

const char *jwt_verify(struct slice token, const struct jwt_rules *rules, int64_t now_s,
    struct arena *a, struct jwt_claims *claims_out)
{
	const struct check c = { rules, now_s, a };
	char bytes[SIGNATURE_MAX];
	struct slice rest = token;
	if (token.len > JWT_MAX)
		return "the token is too long";
	struct slice head = slice_split(&rest, '.'), payload = slice_split(&rest, '.');
	struct slice signed_part = slice_head(token, head.len + 1 + payload.len);
	ssize_t len = rest.ptr ? base64_decode(rest, BASE64_URL, bytes, sizeof(bytes)) : -1;
	json_t *header = len > 0 ? decode(head, a) : NULL;
	if (!header)
		return "the token is malformed";
	const char *reason = verify_by(header, rules, signed_part, slice_of(bytes, (size_t)len));
	json_decref(header);
	return reason ? reason : verify_payload(&c, payload, claims_out);
}

#else

const char *jwt_library(void)
{
	return NULL;
}

const char *jwt_verify(struct slice token, const struct jwt_rules *rules, int64_t now_s,
    struct arena *a, struct jwt_claims *claims_out)
{
	(void)token, (void)rules, (void)now_s, (void)a, (void)claims_out;
	return "this build takes no tokens";
}

#endif
