/*
 * redis_url.h - where a Redis server is: "redis://[[user]:password@]host[:port][/database]" or
 * "unix:/path".
 */
#ifndef MIDDLEWARE_REDIS_URL_H
#define MIDDLEWARE_REDIS_URL_H

#include "base/arena.h"
#include "base/error.h"

struct redis_url {
	const char *path; /* of a unix socket; NULL: host and port */
	const char *host; /* without brackets */
	unsigned port;
	const char *user;     /* NULL: the default user */
	const char *password; /* NULL: none is needed */
	unsigned database;
	const char *name; /* the URL without user and password, for messages */
};

/* ERR_SYNTAX with static text that says what is wrong. */
MUST_CHECK int redis_url_parse(
    const char *text, struct arena *a, struct redis_url *out, const char **why_out);

#endif
