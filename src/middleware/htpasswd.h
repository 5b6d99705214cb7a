/*
 * htpasswd.h - a file of users: "name:hash" lines, "#" before remarks.
 */
#ifndef MIDDLEWARE_HTPASSWD_H
#define MIDDLEWARE_HTPASSWD_H

#include "base/slice.h"

#include <stdbool.h>

enum {
	HTPASSWD_FILE_MAX = 4 << 20, /* some 40,000 users: more belong into a directory service */
	HTPASSWD_USER_MAX = 255,
};

struct htpasswd;

/* Told of each line that is not taken (`taken` false) or taken with doubts. */
typedef void (*htpasswd_fn)(void *ctx, unsigned line, bool taken, const char *what);

/* Copies what it needs; never NULL. `fn` may be NULL. */
struct htpasswd *htpasswd_parse(struct slice text, htpasswd_fn fn, void *ctx);
void htpasswd_free(struct htpasswd **t);

/*
 * The user's hash, NUL-terminated. Of an unknown one, with *known_out false, another user's, always
 * the same for the same name: so that checking it takes as long. ptr NULL: nobody is in the file.
 */
struct slice htpasswd_find(const struct htpasswd *t, struct slice user, bool *known_out);

#endif
