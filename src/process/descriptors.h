/*
 * descriptors.h - which open files a process goes on with.
 */
#ifndef PROCESS_DESCRIPTORS_H
#define PROCESS_DESCRIPTORS_H

#include <stddef.h>

/* Closes everything above standard error but these, in any order, with -1 for none; sorts the list.
 */
void descriptors_keep(int *fds, size_t count);

#endif
