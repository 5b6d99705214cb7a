/*
 * mem.h - heap memory that is there or the process is not.
 *
 * Linux overcommits: an allocation of the sizes used here fails only when the machine is lost
 * anyway. So these never return NULL; a process that runs out says so on standard error and
 * aborts, and the master replaces it. Whatever a peer can size has its bound elsewhere.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull)); /* zeroed */
void *mem_realloc(void *old, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *fmt, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
void mem_free(void *p); /* p may be NULL */

#endif
