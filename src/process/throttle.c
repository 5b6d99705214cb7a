/*
 * throttle.c - see throttle.h.
 */
#include "process/throttle.h"

static bool proved(const struct throttle_life *life)
{
	return life->ready &&
	       (life->age_ms >= THROTTLE_PROVED_MS || life->requests >= THROTTLE_PROVED_REQUESTS);
}

/* 100 ms << 9 is over 30 s: shifting further would only overflow. */
static unsigned delay_after(unsigned failures)
{
	enum { SHIFT_MAX = 9 };
	unsigned shift = failures - 1 < SHIFT_MAX ? failures - 1 : SHIFT_MAX;
	unsigned ms = (unsigned)THROTTLE_FIRST_MS << shift;
	return ms < THROTTLE_LAST_MS ? ms : THROTTLE_LAST_MS;
}

unsigned throttle_death(struct throttle *t, const struct throttle_life *life)
{
	if (proved(life)) {
		t->failures = 0;
		return 0;
	}
	return t->failures++ == 0 ? 0 : delay_after(t->failures - 1);
}

unsigned throttle_failure(struct throttle *t)
{
	return delay_after(++t->failures);
}
