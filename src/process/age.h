/*
 * age.h - how long something lasted, for people: the two units that matter.
 */
#ifndef PROCESS_AGE_H
#define PROCESS_AGE_H

#include <stddef.h>
#include <stdint.h>

enum { AGE_TEXT = 32 };

/* "350ms", "12s", "5m 3s", "3h 12m", "41d 3h". */
void age_format(uint64_t ms, char text_out[AGE_TEXT]);

#endif
