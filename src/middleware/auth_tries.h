/*
 * auth_tries.h - how often an address may be wrong: counted over all workers, in shared memory.
 */
#ifndef MIDDLEWARE_AUTH_TRIES_H
#define MIDDLEWARE_AUTH_TRIES_H

#include "net/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct auth_tries {
	unsigned left;
	unsigned wait_s; /* until there is one more, if none is left */
};

/* Of an address, as a key of net_addr_key, that may be wrong `limit` times in ten minutes. */
struct auth_tries auth_tries_look(const unsigned char key[16], unsigned limit);
/* It was wrong. Returns for how long the answer is to wait. */
uint64_t auth_tries_take(const unsigned char key[16], unsigned limit);

#endif
