/*
 * auth.h - the group `auth`: who may ask. Its rows, and which way of asking is in force at a scope.
 *
 * The ways themselves are middleware's. Here stands what a handler has to know as well: whether
 * there is anything between anybody and its route.
 */
#ifndef APP_AUTH_H
#define APP_AUTH_H

#include "config/snapshot.h"

struct auth_jwt_settings {
	const char *key; /* a file */
	struct config_strings algorithms;
	struct config_strings audience;
	const char *issuer;
	const char *cookie;
	const char *user; /* the claim */
	int64_t leeway;   /* milliseconds */
	bool expires;
};

struct auth_settings {
	int enabled; /* see auth_method_at */
	const char *realm;
	const char *users; /* a file */
	struct config_strings require;
	int64_t failures;
	struct auth_jwt_settings jwt;
	const char *request; /* a path, perhaps with a query */
	bool client;
};

extern const struct key_group auth_group;

enum auth_method { AUTH_NONE, AUTH_USERS, AUTH_JWT, AUTH_REQUEST, AUTH_CLIENT };

/* What the innermost scope that says anything about it says. Settings merge key by key, but a route
 * that wants tokens does not want its site's passwords beside them. */
enum auth_method auth_method_at(const struct config_scope *scope);

/* Bit AUTH_x of what was written at this very scope. */
unsigned auth_methods_given(const struct config_scope *scope);

#endif
