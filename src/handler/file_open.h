/*
 * file_open.h - opens files below a root, never outside it.
 */
#ifndef HANDLER_FILE_OPEN_H
#define HANDLER_FILE_OPEN_H

#include "base/error.h"

#include <stdbool.h>

struct file_root {
	int fd; /* O_PATH of the directory */
	const char
	    *real; /* its absolute path without symbolic links; for links that are absolute */
	bool follow_links; /* wherever they lead */
};

/* Opens the directory, or shares it with who has it open already. ERR_IO with errno. In the loop's
 * thread. */
MUST_CHECK int file_root_open(struct file_root *root, const char *path, bool follow_links);
void file_root_close(struct file_root *root);

/*
 * Opens `name`, relative to the root ("" is the root itself), read-only and close-on-exec; `flags`
 * are added (O_DIRECTORY, O_PATH). Symbolic links are followed inside the root. A FIFO does not
 * block. `may_block` false: only what the kernel can look up without waiting for a disk, else
 * ERR_AGAIN. Returns the descriptor; ERR_NOTFOUND: no such thing, or it lies outside; ERR_DENIED:
 * no permission; ERR_IO with errno. Safe in any thread.
 */
MUST_CHECK int file_open(const struct file_root *root, const char *name, int flags, bool may_block);

#endif
