/*
 * title.c - see title.h.
 */
#include "process/title.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct {
	char *start;
	char *end;
} area;

/* The strings lie one behind the other; one that does not is somebody's copy and ends the area. */
static void take_strings(char **list)
{
	for (size_t i = 0; list[i]; i++) {
		if (!area.start)
			area.start = area.end = list[i];
		if (list[i] != area.end)
			return;
		area.end = list[i] + strlen(list[i]) + 1;
		list[i] = mem_strdup(list[i]);
	}
}

void title_init(char **argv)
{
	if (area.start)
		return;
	take_strings(argv);
	if (environ)
		take_strings(environ);
}

void title_set(const char *fmt, ...)
{
	if (!area.start)
		return;
	va_list ap;
	va_start(ap, fmt);
	char text[256];
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* The rest is zeroed: ps(1) would show what is left of the old arguments. The last byte
	 * stays zero. */
	size_t room = (size_t)(area.end - area.start);
	memset(area.start, 0, room);
	memcpy(area.start, text, strnlen(text, room - 1));
	prctl(PR_SET_NAME, "httpd", 0, 0, 0);
}
