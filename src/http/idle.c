/*
 * idle.c - the adaptive idle time-out.
 */
#include "http/idle.h"

#include "net/acceptor.h"

enum {
	LEAST_MS = 1000,
	/* The number of connections over all workers may be this old: it is a sum over many cache
	   lines. */
	ACTIVE_MAX_AGE_MS = 100,
};

uint64_t idle_timeout_ms(uint64_t timeout_ms, unsigned connections, unsigned active)
{
	double t = (double)timeout_ms;
	double share = connections ? t / connections : 0;
	double left = t - share * active + LEAST_MS;

	return left < LEAST_MS ? LEAST_MS : (uint64_t)(left + 0.5);
}

static unsigned active_connections(uint64_t now_ms)
{
	static uint64_t counted_ms;
	static unsigned active;

	if (now_ms - counted_ms >= ACTIVE_MAX_AGE_MS) {
		counted_ms = now_ms;
		active = net_active();
	}
	return active;
}

uint64_t http_idle_ms(const struct http_server *s, uint64_t now_ms)
{
	if (!s->timeouts.adaptive)
		return (uint64_t)s->timeouts.idle_ms;
	return idle_timeout_ms(
	    (uint64_t)s->timeouts.idle_ms, s->connections_max, active_connections(now_ms));
}
