/*
 * idle.h - how long a connection may wait for its next request: the fewer are free, the shorter.
 */
#ifndef HTTP_IDLE_H
#define HTTP_IDLE_H

#include "http/server.h"

#include <stdint.h>

/*
 * T - (T / connections) * active + 1 s, at least 1 s; in floating point, so that small T over many
 * connections does not round to nothing. T is `timeout_ms`; `active` are the connections of all
 * workers at this moment, `connections` how many there may be.
 */
uint64_t idle_timeout_ms(uint64_t timeout_ms, unsigned connections, unsigned active);

/* The same for a server's settings and the connections of this moment; T alone if it is not to
 * adapt. */
uint64_t http_idle_ms(const struct http_server *s, uint64_t now_ms);

#endif
