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
	char *copy; /* of the same bytes, which argv and environ point into from now on */
} area;

/* The strings lie one behind the other; one that does not is somebody's copy and ends the area. */
static size_t measure(char **list)
{
	size_t n = 0;
	for (; list[n] && (!area.start || list[n] == area.end); n++) {
		if (!area.start)
			area.start = list[n];
		area.end = list[n] + strlen(list[n]) + 1;
	}
	return n;
}

static void move(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		list[i] = area.copy + (list[i] - area.start);
}

void title_init(char **argv)
{
	if (area.start)
		return;
	size_t arguments = measure(argv);
	size_t variables = environ && !argv[arguments] ? measure(environ) : 0;
	if (!area.start)
		return;
	size_t size = (size_t)(area.end - area.start);
	area.copy = mem_alloc(size);
	memcpy(area.copy, area.start, size);
	move(argv, arguments);
	move(environ, variables);
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
