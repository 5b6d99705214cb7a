/*
 * human.c - see human.h.
 */
#include "base/human.h"

#include <stdio.h>

void human_age(uint64_t ms, char text_out[HUMAN_TEXT])
{
	unsigned long long s = ms / 1000, m = s / 60, h = m / 60, d = h / 24;
	if (s == 0)
		snprintf(text_out, HUMAN_TEXT, "%ums", (unsigned)ms);
	else if (m == 0)
		snprintf(text_out, HUMAN_TEXT, "%llus", s);
	else if (h == 0)
		snprintf(text_out, HUMAN_TEXT, "%llum %llus", m, s % 60);
	else if (d == 0)
		snprintf(text_out, HUMAN_TEXT, "%lluh %llum", h, m % 60);
	else
		snprintf(text_out, HUMAN_TEXT, "%llud %lluh", d, h % 24);
}

void human_size(uint64_t bytes, char text_out[HUMAN_TEXT])
{
	static const char units[] = "kMGTPE";
	if (bytes < 1000) {
		snprintf(text_out, HUMAN_TEXT, "%u B", (unsigned)bytes);
		return;
	}
	uint64_t unit = 1000;
	unsigned i = 0;
	/* 999.5 would be rounded to 1000. */
	while (bytes / (unit / 100) >= 99950 && units[i + 1]) {
		unit *= 1000;
		i++;
	}
	unsigned hundredths = (unsigned)(bytes / (unit / 100));
	unsigned tenths = (hundredths + 5) / 10;
	if (tenths < 100)
		snprintf(text_out, HUMAN_TEXT, "%u.%u %cB", tenths / 10, tenths % 10, units[i]);
	else
		snprintf(text_out, HUMAN_TEXT, "%u %cB", (hundredths + 50) / 100, units[i]);
}
