/*
 * watched.c - see watched.h.
 */
#include "app/watched.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { LOOK_MS = 1000 };

static int read_all(int fd, struct buf *out)
{
	for (;;) {
		char *to = buf_reserve(out, 4096);
		size_t room = 4096;
		if (!to) {
			room = out->max - out->len;
			to = room ? buf_reserve(out, room) : NULL;
		}
		char more;
		ssize_t n = read(fd, to ? to : &more, to ? room : 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? ERR_IO : OK;
		if (!to) {
			errno = EFBIG;
			return ERR_IO;
		}
		out->len += (size_t)n;
	}
}

int watched_read(const char *path, size_t max, struct stat *st_out, struct buf *content_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return ERR_IO;
	buf_init(content_out, max);
	int rc = fstat(fd, st_out) < 0 ? ERR_IO : OK;
	if (rc == OK && !S_ISREG(st_out->st_mode)) {
		errno = S_ISDIR(st_out->st_mode) ? EISDIR : EINVAL;
		rc = ERR_IO;
	}
	if (rc == OK)
		rc = read_all(fd, content_out);
	int saved = errno;
	close(fd);
	if (rc < 0)
		buf_fini(content_out);
	errno = saved;
	return rc;
}

/* The inode's own time too: a file that was put in its place may be older than it. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void complain(struct watched *w)
{
	if (!w->complained)
		log_warning("cannot read %s %s: %s%s", w->what, w->path, strerror(errno),
		    w->loaded ? " (what it said last stays in force)" : "");
	w->complained = true;
}

bool watched_look(struct watched *w, uint64_t now_ms, struct buf *content_out)
{
	struct stat st;
	if (w->looked_ms && now_ms - w->looked_ms < LOOK_MS)
		return false;
	w->looked_ms = now_ms ? now_ms : 1;
	if (stat(w->path, &st) < 0) {
		complain(w);
		return false;
	}
	if (w->loaded && is_same(&st, &w->seen))
		return false;
	if (watched_read(w->path, w->max, &st, content_out) < 0) {
		complain(w);
		return false;
	}
	w->seen = st;
	w->loaded = true;
	w->complained = false;
	return true;
}
