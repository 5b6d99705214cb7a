/*
 * auth_way.h - what the ways to find out who asks have in common. Private to auth*.c.
 */
#ifndef MIDDLEWARE_AUTH_WAY_H
#define MIDDLEWARE_AUTH_WAY_H

#include "app/auth.h"
#include "app/module.h"

/* The state of the middleware, once a route. */
struct auth {
	const struct auth_settings *settings;
	const struct auth_way *way;
	void *state;            /* of the way */
	struct slice challenge; /* "Basic realm=..." */
};

struct auth_way {
	/* What is wrong at the scope where the way is written. */
	void (*check)(const struct config_scope *scope, const struct auth_settings *settings,
	    struct config_report *report);
	/* Sets state and challenge. */
	void (*prepare)(struct auth *auth, struct arena *a);
	void (*release)(struct auth *auth);                             /* may be NULL */
	enum step (*enter)(struct request *r, const struct auth *auth); /* as of a middleware */
	/* As of a middleware: into `text`, and what it is about. */
	enum step (*explain)(
	    struct request *r, const struct auth *auth, char *text_out, size_t room);
};

extern const struct auth_way auth_users_way, auth_jwt_way, auth_request_way, auth_client_way;

/* Who asks is known (the name is copied): true if he may. Otherwise 403 was answered. */
bool auth_admit(struct request *r, const struct auth *auth, struct slice user);
/* The same without a trace. */
bool auth_permits(const struct auth *auth, struct slice user);

/* 401 with this challenge, which lives as long as the request or longer. */
void auth_ask(struct request *r, struct slice challenge, const char *note);

/* A quoted-string (RFC 9110 section 5.6.4). */
char *auth_quote(struct arena *a, const char *text);

#endif
