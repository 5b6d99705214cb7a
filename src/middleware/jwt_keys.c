/*
 * jwt_keys.c - the file of keys. What it is shows by its first bytes; PEM is never taken for a
 * secret.
 */
#include "middleware/jwt_keys.h"

#include "base/mem.h"

static bool contains(struct slice text, const char *needle)
{
	return memmem(text.ptr, text.len, needle, strlen(needle)) != NULL;
}

bool jwt_keys_add(struct jwt_keys *keys, struct signature_key *key, struct slice id)
{
	if (keys->count == JWT_KEYS_MAX) {
		signature_key_free(&key);
		return false;
	}
	if (id.ptr)
		id = arena_dup(&keys->arena, id);
	keys->list[keys->count++] = (struct jwt_key){ key, id };
	return true;
}

static void on_key(void *ctx, struct signature_key *key)
{
	jwt_keys_add(ctx, key, SLICE_NONE);
}

static const char *read_secret(struct jwt_keys *keys, struct slice text)
{
	const char *reason = NULL;
	while (text.len > 0 && strchr("\r\n", text.ptr[text.len - 1]))
		text.len--;
	struct signature_key *key = signature_key_secret(text, &reason);
	if (key)
		jwt_keys_add(keys, key, SLICE_NONE);
	return reason;
}

static const char *read_keys(struct jwt_keys *keys, struct slice content)
{
	const char *reason = NULL;
	struct slice text = content;
	while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]))
		text = slice_tail(text, 1);
	if (slice_starts(text, SLICE("{")))
		return jwt_keys_read_set(keys, text);
	if (!contains(content, "-----BEGIN "))
		return read_secret(keys, content);
	return signature_keys_pem(content, on_key, keys, &reason) < 0 ? reason : NULL;
}

struct jwt_keys *jwt_keys_parse(struct slice content, const char **reason_out)
{
	struct jwt_keys *keys = mem_zalloc(sizeof(*keys));
	const char *reason = read_keys(keys, content);
	if (!reason && keys->count == 0)
		reason = "no key in it";
	if (reason) {
		*reason_out = reason;
		jwt_keys_free(&keys);
	}
	return keys;
}

void jwt_keys_free(struct jwt_keys **keys)
{
	if (!*keys)
		return;
	for (unsigned i = 0; i < (*keys)->count; i++)
		signature_key_free(&(*keys)->list[i].key);
	arena_fini(&(*keys)->arena);
	mem_free(*keys);
	*keys = NULL;
}

unsigned jwt_keys_algorithms(const struct jwt_keys *keys)
{
	unsigned algorithms = 0;
	for (unsigned i = 0; i < keys->count; i++)
		algorithms |= 1u << signature_key_algorithm(keys->list[i].key);
	return algorithms;
}
