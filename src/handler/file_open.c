/*
 * file_open.c - confined opening by openat2(RESOLVE_BENEATH), which the kernel carries out as one
 * step: nothing can be exchanged between a check and a use.
 *
 * An absolute link that leads back into the root is refused by RESOLVE_BENEATH like one that leads
 * out; such a link is followed by asking the kernel where it ends and opening that place from the
 * root anew, confined again. Kernels without openat2 (before 5.6, or a filter that hides it) get a
 * walk over the components that follows no links at all.
 */
#include "handler/file_open.h"

#include "base/mem.h"
#include "base/slice.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

/* Learnt from the kernel's first refusal; several threads may learn it at once. */
static _Atomic bool lacks_openat2;
static _Atomic bool lacks_cached;

/* Routes mostly share a root: ten thousand of them need one descriptor. */
struct open_root {
	struct open_root *next;
	unsigned users;
	int fd;
	char *real;
	char path[];
};
static struct open_root *open_roots;

static struct open_root *open_root_new(const char *path)
{
	char *real = realpath(path, NULL);
	int fd = real ? open(real, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0) {
		int saved = errno;
		free(real);
		errno = saved;
		return NULL;
	}
	struct open_root *o = mem_alloc(sizeof(*o) + strlen(path) + 1);
	*o = (struct open_root){ .next = open_roots, .fd = fd, .real = real };
	strcpy(o->path, path);
	open_roots = o;
	return o;
}

int file_root_open(struct file_root *root, const char *path, bool follow_links)
{
	struct open_root *o = open_roots;
	while (o && strcmp(o->path, path) != 0)
		o = o->next;
	if (!o)
		o = open_root_new(path);
	if (!o) {
		*root = (struct file_root){ .fd = -1 };
		return ERR_IO;
	}
	o->users++;
	*root = (struct file_root){ o->fd, o->real, follow_links };
	return OK;
}

void file_root_close(struct file_root *root)
{
	struct open_root **at = &open_roots;
	while (*at && (*at)->fd != root->fd)
		at = &(*at)->next;
	struct open_root *o = *at;
	*root = (struct file_root){ .fd = -1 };
	if (!o || --o->users > 0)
		return;
	*at = o->next;
	close(o->fd);
	free(o->real);
	mem_free(o);
}

static int open_beneath(int root, const char *name, int flags, bool may_block)
{
	struct open_how how = {
		.flags = (unsigned)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	bool cached = !may_block && !lacks_cached;
	if (cached)
		how.resolve |= RESOLVE_CACHED;
	int fd = (int)syscall(SYS_openat2, root, name, &how, sizeof(how));
	if (fd < 0 && errno == EINVAL && cached) {
		lacks_cached = true; /* before 5.12 */
		how.resolve &= ~(unsigned long long)RESOLVE_CACHED;
		fd = (int)syscall(SYS_openat2, root, name, &how, sizeof(how));
	}
	return fd;
}

/* Component by component, no links: for kernels without openat2. */
static int open_walking(int root, const char *name, int flags)
{
	char part[NAME_MAX + 1];
	int dir = root;
	for (;;) {
		size_t len = strcspn(name, "/");
		const char *next = name + len + strspn(name + len, "/");
		if (len > NAME_MAX || (len == 2 && name[0] == '.' && name[1] == '.')) {
			errno = len > NAME_MAX ? ENAMETOOLONG : EXDEV;
			break;
		}
		memcpy(part, name, len);
		part[len] = '\0';
		int how = *next ? O_PATH | O_DIRECTORY | O_CLOEXEC : flags;
		int fd = openat(dir, part, how | O_NOFOLLOW);
		int saved = errno;
		if (dir != root)
			close(dir);
		errno = saved;
		if (fd < 0 || !*next)
			return fd;
		dir = fd;
		name = next;
	}
	if (dir != root)
		close(dir);
	return -1;
}

/* Where `name` ends after all links, as a path relative to the root; NULL if that is outside.
 * `room` is PATH_MAX. */
static const char *place_inside(const struct file_root *root, const char *name, char *room)
{
	char proc[32];
	int fd = openat(root->fd, name, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(proc, room, PATH_MAX - 1);
	close(fd);
	errno = EXDEV;
	if (len < 0)
		return NULL;
	room[len] = '\0';
	size_t prefix = strcmp(root->real, "/") == 0 ? 0 : strlen(root->real);
	if (strncmp(room, root->real, prefix) != 0 || (room[prefix] && room[prefix] != '/'))
		return NULL;
	const char *rest = room + prefix + strspn(room + prefix, "/");
	return *rest ? rest : ".";
}

static int open_absolute_link(const struct file_root *root, const char *name, int flags)
{
	char room[PATH_MAX];
	const char *place = place_inside(root, name, room);
	return place ? open_beneath(root->fd, place, flags, true) : -1;
}

static int verdict(int fd)
{
	if (fd >= 0)
		return fd;
	switch (errno) {
	case EAGAIN:
		return ERR_AGAIN;
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
	case EXDEV:
		return ERR_NOTFOUND;
	case EACCES:
	case EPERM:
	case ENXIO: /* a socket's file */
		return ERR_DENIED;
	}
	return ERR_IO;
}

static int open_confined(const struct file_root *root, const char *name, int flags, bool may_block)
{
	if (lacks_openat2)
		return open_walking(root->fd, name, flags);
	int fd = open_beneath(root->fd, name, flags, may_block);
	if (fd >= 0)
		return fd;
	if (errno == ENOSYS) {
		lacks_openat2 = true;
		return open_walking(root->fd, name, flags);
	}
	if (errno == EXDEV) {
		errno = EAGAIN;
		return may_block ? open_absolute_link(root, name, flags) : -1;
	}
	/* Something was renamed while the kernel walked: once more, with the right to wait. */
	if (errno == EAGAIN && may_block)
		return open_beneath(root->fd, name, flags, true);
	return fd;
}

int file_open(const struct file_root *root, const char *name, int flags, bool may_block)
{
	if (!*name)
		name = ".";
	flags |= OPEN_FLAGS;
	if (flags & O_PATH) /* openat2 wants nothing beside it that it would ignore */
		flags = O_PATH | O_CLOEXEC | (flags & O_DIRECTORY);
	if (root->follow_links)
		return verdict(openat(root->fd, name, flags));
	return verdict(open_confined(root, name, flags, may_block));
}
