/*
 * human.h - how long and how much, for people: what can be read at a glance.
 */
#ifndef BASE_HUMAN_H
#define BASE_HUMAN_H

#include <stdint.h>

enum { HUMAN_TEXT = 32 };

/* The two units that matter: "350ms", "12s", "5m 3s", "3h 12m", "41d 3h". */
void human_age(uint64_t ms, char text_out[HUMAN_TEXT]);

/* "640 B", "1.2 kB", "35 MB": three digits at the most. */
void human_size(uint64_t bytes, char text_out[HUMAN_TEXT]);

#endif
