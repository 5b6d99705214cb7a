/*
 * clock.h - the two clocks. Monotonic time for deadlines, wall time for dates.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_mono_ms(void);
uint64_t clock_mono_us(void);
uint64_t clock_wall_ms(void); /* since the epoch */

#endif
