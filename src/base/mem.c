/*
 * mem.c - heap memory that is there or the process is not. Used by everything that does not
 * live in an arena. It keeps no statistics and no pools: glibc's allocator does that well.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Formats on the stack: stdio and the log might allocate. */
static _Noreturn void give_up(size_t size)
{
	char line[80];
	int len =
	    snprintf(line, sizeof(line), "httpd: out of memory: no room for %zu bytes\n", size);
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		abort(); /* nobody is there to read it */
	abort();
}

/* malloc(0) may return NULL; one byte makes every success look the same. */
static size_t at_least_one(size_t size)
{
	return size ? size : 1;
}

void *mem_alloc(size_t size)
{
	void *p = malloc(at_least_one(size));
	if (!p)
		give_up(size);
	return p;
}

void *mem_zalloc(size_t size)
{
	void *p = calloc(1, at_least_one(size));
	if (!p)
		give_up(size);
	return p;
}

void *mem_realloc(void *old, size_t size)
{
	void *p = realloc(old, at_least_one(size));
	if (!p)
		give_up(size);
	return p;
}

char *mem_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	return memcpy(mem_alloc(size), s, size);
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *text;
	va_start(ap, fmt);
	int len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		give_up(SIZE_MAX);
	return text;
}

void mem_free(void *p)
{
	free(p);
}
