/*
 * file_find.c - see file_find.h. Called by file_load.c, in the loop or in a thread of the pool;
 * keeps nothing.
 */
#include "handler/file_find.h"

#include "base/mem.h"
#include "handler/file_hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

void file_stamp_from(struct file_stamp *out, const struct stat *st)
{
	*out = (struct file_stamp){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.modified = st->st_mtim,
		.changed = st->st_ctim,
	};
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

void file_found_fini(struct file_found *found)
{
	if (found->fd >= 0)
		close(found->fd);
	mem_free(found->body);
	*found = (struct file_found){ .fd = -1 };
}

static bool in_memory(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static bool byte_resident(int fd, uint64_t at)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	ssize_t n = preadv2(fd, &iov, 1, (off_t)at, RWF_NOWAIT);
	/* A file system that can not tell may be a network away. */
	return n >= 0 || (errno != EAGAIN && (errno != EOPNOTSUPP || in_memory(fd)));
}

bool file_resident(int fd, uint64_t at, uint64_t len)
{
	/* The kernel reads ahead in runs: when the ends are there the middle is, but for bad luck.
	 */
	return len == 0 || (byte_resident(fd, at + len - 1) && byte_resident(fd, at));
}

/* Reads `len` bytes. ERR_AGAIN without the right to wait; ERR_RANGE if the file has become shorter.
 */
static int read_whole(int fd, char *to, size_t len, bool may_block)
{
	size_t done = 0;
	int flags = may_block ? 0 : RWF_NOWAIT;
	while (done < len) {
		struct iovec iov = { to + done, len - done };
		ssize_t n = preadv2(fd, &iov, 1, (off_t)done, flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && flags && errno == EOPNOTSUPP && in_memory(fd)) {
			flags = 0;
			continue;
		}
		if (n < 0)
			return flags && (errno == EAGAIN || errno == EOPNOTSUPP) ? ERR_AGAIN
										 : ERR_IO;
		if (n == 0)
			return ERR_RANGE;
		done += (size_t)n;
	}
	return OK;
}

static bool unchanged(const struct file_found *found)
{
	struct stat st;
	struct file_stamp now;
	if (fstat(found->fd, &st) < 0)
		return false;
	file_stamp_from(&now, &st);
	return file_stamp_equal(&now, &found->stamp);
}

static int read_small(struct file_found *found, bool may_block)
{
	size_t len = (size_t)found->stamp.size;
	if (len == 0 || len > FILE_SMALL)
		return OK;
	found->body = mem_alloc(len);
	int rc = read_whole(found->fd, found->body, len, may_block);
	if (rc == ERR_IO) {
		int error = errno;
		file_found_fini(found);
		found->kind = FILE_FAILED;
		found->error = error;
		return OK;
	}
	if (rc == ERR_RANGE || (rc == OK && !unchanged(found)))
		return ERR_RANGE; /* written to while it was read: what we have may be half old,
				     half new */
	return rc;
}

/* Takes the descriptor. ERR_RANGE: it changes under our hands. */
static int take_open(struct file_found *out, int fd, bool may_block)
{
	struct stat st;
	out->fd = fd;
	if (fstat(fd, &st) < 0) {
		out->error = errno;
		out->kind = FILE_FAILED;
	} else if (S_ISREG(st.st_mode)) {
		out->kind = FILE_REGULAR;
		file_stamp_from(&out->stamp, &st);
		return read_small(out, may_block);
	} else {
		out->kind = S_ISDIR(st.st_mode) ? FILE_DIRECTORY : FILE_FORBIDDEN;
	}
	close(fd);
	out->fd = -1;
	return OK;
}

static void take_refusal(struct file_found *out, int rc)
{
	out->error = errno;
	out->kind = rc == ERR_NOTFOUND ? FILE_MISSING
		    : rc == ERR_DENIED ? FILE_FORBIDDEN
				       : FILE_FAILED;
}

static int find_one(const struct files *f, const char *name, bool may_block, struct file_found *out)
{
	int fd = file_open(&f->root, name, 0, may_block);
	if (fd == ERR_AGAIN)
		return ERR_AGAIN;
	if (fd >= 0)
		return take_open(out, fd, may_block);
	take_refusal(out, fd);
	return OK;
}

/* A directory whose indexes are not there. */
static int find_bare(
    const struct files *f, const char *path, bool may_block, struct file_found *out)
{
	int fd = file_open(&f->root, path, O_PATH | O_DIRECTORY, may_block);
	if (fd == ERR_AGAIN)
		return ERR_AGAIN;
	if (fd < 0) {
		take_refusal(out, fd);
		return OK;
	}
	close(fd);
	out->kind = f->listing ? FILE_LISTING : FILE_BARE;
	return OK;
}

static int find_in_directory(
    const struct files *f, const char *path, bool may_block, struct file_found *out)
{
	char name[PATH_MAX];
	for (size_t i = 0; i < f->index.count; i++) {
		int len = snprintf(name, sizeof(name), "%s%s", path, f->index.list[i]);
		if (len >= (int)sizeof(name))
			continue;
		int rc = find_one(f, name, may_block, out);
		if (rc < 0)
			return rc;
		out->index = f->index.list[i];
		if (out->kind != FILE_MISSING && out->kind != FILE_DIRECTORY)
			return OK;
	}
	out->index = NULL;
	return find_bare(f, path, may_block, out);
}

int file_find(const struct files *f, const char *path, bool may_block, struct file_found *out)
{
	enum {
		ATTEMPTS = 3
	}; /* at a file that is being written; then whoever asks is told to come back */
	size_t len = strlen(path);
	int rc = ERR_RANGE;
	*out = (struct file_found){ .fd = -1 };
	if (len >= PATH_MAX || file_hidden(path, f->hidden))
		return OK;
	for (int i = 0; i < ATTEMPTS && rc == ERR_RANGE; i++) {
		file_found_fini(out);
		if (len == 0 || path[len - 1] == '/')
			rc = find_in_directory(f, path, may_block, out);
		else
			rc = find_one(f, path, may_block, out);
	}
	if (rc < 0)
		file_found_fini(out);
	if (rc == ERR_AGAIN)
		return ERR_AGAIN;
	if (rc == ERR_RANGE) {
		out->kind = FILE_FAILED;
		out->error = EBUSY;
	}
	return OK;
}
