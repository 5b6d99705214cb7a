/*
 * idle.c - the adaptive idle time-out.
 */
#include "http1/idle.h"

enum { LEAST_MS = 1000 };

uint64_t idle_timeout_ms(uint64_t timeout_ms, unsigned connections, unsigned active)
{
	double t = (double)timeout_ms;
	double share = connections ? t / connections : 0;
	double left = t - share * active + LEAST_MS;

	return left < LEAST_MS ? LEAST_MS : (uint64_t)(left + 0.5);
}
