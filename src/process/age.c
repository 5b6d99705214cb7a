/*
 * age.c - see age.h.
 */
#include "process/age.h"

#include <stdio.h>

void age_format(uint64_t ms, char text_out[AGE_TEXT])
{
	unsigned long long s = ms / 1000, m = s / 60, h = m / 60, d = h / 24;
	if (s == 0)
		snprintf(text_out, AGE_TEXT, "%ums", (unsigned)ms);
	else if (m == 0)
		snprintf(text_out, AGE_TEXT, "%llus", s);
	else if (h == 0)
		snprintf(text_out, AGE_TEXT, "%llum %llus", m, s % 60);
	else if (d == 0)
		snprintf(text_out, AGE_TEXT, "%lluh %llum", h, m % 60);
	else
		snprintf(text_out, AGE_TEXT, "%llud %lluh", d, h % 24);
}
