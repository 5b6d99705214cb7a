/*
 * auth_verify.h - is this the password? Asked in the loop, found out in a thread of low priority,
 * remembered for a minute.
 */
#ifndef MIDDLEWARE_AUTH_VERIFY_H
#define MIDDLEWARE_AUTH_VERIFY_H

#include "base/error.h"
#include "base/list.h"
#include "base/slice.h"

#include <stdbool.h>

enum { VERIFY_ADDRESS = 16 };

struct verify_question {
	struct slice user;
	struct slice password; /* at most PASSWORD_MAX bytes, no NUL */
	struct slice hash;
	bool known; /* false: the hash is another's, the answer will be no */
	unsigned char address[VERIFY_ADDRESS];
};

struct verify_job;

/* Embedded in whoever waits. */
struct verify_wait {
	struct list node;
	struct verify_job *job; /* NULL: does not wait */
	/* The guess is one of its own, and not one that this address has running already. */
	bool counts;
	void (*on_verdict)(struct verify_wait *w, bool right);
};

/* Brackets the use of what follows, once a file of users. */
void verify_open(void);
void verify_close(void);

/* Whether it was found to be right within the last minute. */
bool verify_remembers(const struct verify_question *q);
/* on_verdict comes later, unless verify_cancel does. ERR_FULL: too many wait. */
MUST_CHECK int verify_start(const struct verify_question *q, struct verify_wait *w);
void verify_cancel(struct verify_wait *w); /* harmless when it does not wait */

/* Different guesses from this address that are being looked at in this worker. */
unsigned verify_pending(const unsigned char address[VERIFY_ADDRESS]);

#endif
