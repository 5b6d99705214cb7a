/*
 * auth.c - see auth.h.
 */
#include "app/auth.h"

/* The odd ones mean yes. */
static const char *const enabled_choices[] = { "false", "true", "off", "on", NULL };

static const struct key jwt_keys[] = {
	{
	    .name = "key",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct auth_jwt_settings, key),
	    .help = "file of the key: public keys in PEM, a JWK set, or a secret",
	},
	{
	    .name = "algorithms",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct auth_jwt_settings, algorithms),
	    .help =
		"of HS256, RS256 and ES256 those that are taken; without it what the keys are for",
	},
	{
	    .name = "audience",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct auth_jwt_settings, audience),
	    .help = "one of these has to be in the claim aud",
	},
	{
	    .name = "issuer",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct auth_jwt_settings, issuer),
	    .help = "what the claim iss has to be",
	},
	{
	    .name = "cookie",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct auth_jwt_settings, cookie),
	    .help = "cookie that has the token where there is no field Authorization",
	},
	{
	    .name = "user",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct auth_jwt_settings, user),
	    .def = "sub",
	    .help = "the claim that names the user",
	},
	{
	    .name = "leeway",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct auth_jwt_settings, leeway),
	    .def = "60s",
	    .min = 0,
	    .max = 3600 * 1000, /* clocks that differ by more are not set at all */
	    .help = "how far the issuer's clock may be from this one",
	},
	{
	    .name = "expires",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct auth_jwt_settings, expires),
	    .def = "true",
	    .help = "whether tokens without the claim exp are refused",
	},
	KEYS_END,
};

static const struct key_group jwt_group = {
	.name = "jwt",
	.keys = jwt_keys,
	.size = sizeof(struct auth_jwt_settings),
	.help = "signed tokens",
};

static const struct key auth_keys[] = {
	{
	    .name = "enabled",
	    .type = KEY_CHOICE,
	    .offset = KEY_AT(struct auth_settings, enabled),
	    .def = "true",
	    .choices = enabled_choices,
	    .help = "\"off\" where what an outer place asks for is not wanted",
	},
	{
	    .name = "realm",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct auth_settings, realm),
	    .def = "Restricted",
	    .help = "what people are told they need a password for",
	},
	{
	    .name = "users",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct auth_settings, users),
	    .help = "file of names and hashed passwords",
	},
	{
	    .name = "require",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct auth_settings, require),
	    .help = "the users that may pass; without it all",
	},
	{
	    .name = "failures",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct auth_settings, failures),
	    .def = "20",
	    .min = 1,
	    .max = 10000,
	    .help = "wrong passwords that an address may send in ten minutes",
	},
	{
	    .name = "jwt",
	    .type = KEY_GROUP,
	    .offset = KEY_AT(struct auth_settings, jwt),
	    .group = &jwt_group,
	    .help = "signed tokens",
	},
	{
	    .name = "request",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct auth_settings, request),
	    .help = "path of the same site that is asked first, and says yes or no",
	},
	{
	    .name = "client",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct auth_settings, client),
	    .def = "false",
	    .help = "whether a client certificate is needed",
	},
	KEYS_END,
};

const struct key_group auth_group = {
	.name = "auth",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = auth_keys,
	.size = sizeof(struct auth_settings),
	.shorthand = "enabled",
	.help = "who may ask",
};

unsigned auth_methods_given(const struct config_scope *scope)
{
	const struct auth_settings *s = config_settings(scope, &auth_group);
	unsigned methods = 0;
	if (config_given(scope, &auth_group, "users"))
		methods |= 1u << AUTH_USERS;
	if (config_given(scope, &auth_group, "jwt"))
		methods |= 1u << AUTH_JWT;
	if (config_given(scope, &auth_group, "request"))
		methods |= 1u << AUTH_REQUEST;
	if (config_given(scope, &auth_group, "client") && s->client)
		methods |= 1u << AUTH_CLIENT;
	return methods;
}

enum auth_method auth_method_at(const struct config_scope *scope)
{
	bool wanted = false; /* an inner scope turned on what an outer one has turned off */
	for (; scope; scope = scope->parent) {
		const struct auth_settings *s = config_settings(scope, &auth_group);
		if (config_given(scope, &auth_group, "enabled")) {
			if (!(s->enabled & 1) && !wanted)
				return AUTH_NONE;
			wanted = true;
		}
		unsigned methods = auth_methods_given(scope);
		if (methods)
			return (enum auth_method)__builtin_ctz(methods);
	}
	return AUTH_NONE;
}
