/*
 * descriptors.c - see descriptors.h.
 */
#include "process/descriptors.h"

#include <stdlib.h>
#include <unistd.h>

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

void descriptors_keep(int *fds, size_t count)
{
	unsigned next = STDERR_FILENO + 1;
	qsort(fds, count, sizeof(*fds), compare);
	for (size_t i = 0; i < count; i++) {
		if (fds[i] <= STDERR_FILENO)
			continue;
		unsigned fd = (unsigned)fds[i];
		if (fd > next)
			close_range(next, fd - 1, 0);
		next = fd + 1;
	}
	close_range(next, ~0U, 0);
}
