/*
 * upload_file.c - see upload_file.h. Called by upload.c, in a thread; touches no loop and no log.
 *
 * The parent directory is opened below the root once (file_open.h) and everything else is done
 * relative to it, so nobody can exchange a directory for a link in between. Changes of a directory
 * are made under a lock on it (flock), which all workers heed: so that of two uploads that name the
 * same entity tag in If-Match one fails.
 */
#include "handler/upload_file.h"

#include "handler/file_etag.h"
#include "handler/file_hidden.h"
#include "http/conditions.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NEW_MODE = 0644, /* less the umask; of a file that replaces one: that one's */
	/* Written to disk meanwhile, so that the end of a large upload need not wait for all of it.
	 */
	FLUSH_STEP = 8 << 20,
	LOCK_TRIES = 2000, /* a millisecond each: who holds it that long is none of us */
	/* Programs that do not know of the lock may get in between that often. */
	PUBLISH_TRIES = 5,
};

/* What is there at the moment under the upload's name. */
struct target {
	bool taken;  /* the name is */
	bool exists; /* a visitor gets a file */
	mode_t mode;
	struct file_stamp stamp;
};

void upload_file_init(struct upload_file *u)
{
	const char *slash = strrchr(u->path, '/');
	u->name = slash ? slash + 1 : u->path;
	u->dir = u->fd = -1;
}

static int status_of(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
	case EROFS:
		return 403;
	case EEXIST:
	case EISDIR:
	case ENOENT: /* the directory was removed meanwhile */
	case ENOTDIR:
	case ENOTEMPTY:
		return 409;
	case EFBIG:
		return 413;
	case ENAMETOOLONG:
		return 414;
	case EDQUOT:
	case ENOSPC:
		return 507;
	case EMFILE:
	case ENFILE:
	case EWOULDBLOCK:
		return 503;
	}
	return 500;
}

static int failed(struct upload_file *u)
{
	u->error = errno;
	return status_of(errno);
}

/* `missing` is the answer if there is no such directory. */
static int open_parent(struct upload_file *u, int missing)
{
	char parent[PATH_MAX];
	size_t len = (size_t)(u->name - u->path);
	struct file_root root = u->files->root;
	if (len >= sizeof(parent))
		return 414;
	memcpy(parent, u->path, len);
	parent[len] = '\0';
	/* Wherever visitors may be led to, what they bring stays below the root. */
	root.follow_links = false;
	u->dir = file_open(&root, parent, O_DIRECTORY, true);
	if (u->dir >= 0)
		return 0;
	return u->dir == ERR_NOTFOUND ? missing : u->dir == ERR_DENIED ? 403 : failed(u);
}

/* Where a visitor would be led to by a link; false if that is nowhere. */
static bool follow(const struct upload_file *u, struct stat *st)
{
	int fd = file_open(&u->files->root, u->path, O_PATH, true);
	if (fd < 0)
		return false;
	int rc = fstat(fd, st);
	close(fd);
	return rc == 0;
}

static int look(struct upload_file *u, struct target *t)
{
	struct stat st;
	*t = (struct target){ .mode = NEW_MODE };
	if (fstatat(u->dir, u->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(u);
	t->taken = true;
	if (S_ISLNK(st.st_mode) && !follow(u, &st))
		return 0;
	if (S_ISDIR(st.st_mode))
		return 409;
	if (!S_ISREG(st.st_mode))
		return 403;
	t->exists = true;
	t->mode = st.st_mode & 0777;
	file_stamp_from(&t->stamp, &st);
	return 0;
}

static int check_conditions(const struct upload_file *u, const struct target *t)
{
	char etag[FILE_ETAG_MAX];
	struct validators v = { .modified = -1 };
	if (t->exists) {
		v.exists = true;
		v.modified = t->stamp.modified.tv_sec;
		v.etag = file_etag(t->stamp.size, t->stamp.modified, etag);
	}
	return conditions_check(u->asked, &v, time(NULL));
}

static int look_and_check(struct upload_file *u, struct target *t)
{
	int status = look(u, t);
	return status ? status : check_conditions(u, t);
}

/* Told before the client sends, if it can be known. */
static int check_room(struct upload_file *u, int64_t length)
{
	struct statvfs fs;
	if (length <= 0 || fstatvfs(u->dir, &fs) < 0 || fs.f_blocks == 0)
		return 0;
	if ((uint64_t)fs.f_bavail * fs.f_frsize >= (uint64_t)length)
		return 0;
	errno = ENOSPC;
	return failed(u);
}

/* Unguessable: nobody can be there before, or ask for it. */
static int make_scratch_name(char name[SCRATCH_NAME])
{
	unsigned char random[16];
	size_t len = strlen(SCRATCH_PREFIX);
	_Static_assert(sizeof(SCRATCH_PREFIX) + 2 * sizeof(random) <= SCRATCH_NAME, "room");
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return ERR_IO;
	memcpy(name, SCRATCH_PREFIX, len);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(name + len + 2 * i, 3, "%02x", random[i]);
	return OK;
}

/* By which a file without a name can be given one. */
static void proc_path(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static bool open_nameless(struct upload_file *u)
{
	char proc[32];
	u->fd = openat(u->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, NEW_MODE);
	if (u->fd < 0)
		return false;
	proc_path(u->fd, proc);
	if (access(proc, F_OK) == 0)
		return true;
	close(u->fd); /* no /proc here */
	u->fd = -1;
	return false;
}

static int open_scratch(struct upload_file *u)
{
	char name[SCRATCH_NAME];
	if (make_scratch_name(name) < 0)
		return failed(u);
	u->fd =
	    openat(u->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, NEW_MODE);
	if (u->fd < 0)
		return failed(u);
	memcpy(u->scratch, name, sizeof(name));
	return 0;
}

int upload_file_open(struct upload_file *u, int64_t length)
{
	struct target t;
	int status = open_parent(u, 409);
	if (!status)
		status = look_and_check(u, &t);
	if (!status)
		status = check_room(u, length);
	/* Not every file system has nameless files; another reason than that will show again. */
	if (!status && !open_nameless(u))
		status = open_scratch(u);
	return status;
}

int upload_file_write(struct upload_file *u, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(u->fd, bytes.ptr, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(u);
		bytes = slice_tail(bytes, (size_t)n);
		u->size += (uint64_t)n;
	}
	if (u->size - u->flushed >= FLUSH_STEP) {
		/* A hint: whether all is on the disk is for the fsync at the end to say. */
		(void)sync_file_range(
		    u->fd, (off_t)u->flushed, (off_t)(u->size - u->flushed), SYNC_FILE_RANGE_WRITE);
		u->flushed = u->size;
	}
	return 0;
}

/*
 * The time of the last write comes from a clock that ticks every few milliseconds: two uploads of
 * one size within a tick would have one entity tag. So the file gets the time to the nanosecond.
 */
static int set_time(int fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	clock_gettime(CLOCK_REALTIME, &times[1]);
	return futimens(fd, times);
}

/* Everything about the file itself, on the disk before it can be seen. */
static int finish_file(struct upload_file *u)
{
	struct target t;
	struct stat st;
	int status = look(u, &t);
	if (status)
		return status;
	if ((t.exists && fchmod(u->fd, t.mode) < 0) || set_time(u->fd) < 0 || fsync(u->fd) < 0 ||
	    fstat(u->fd, &st) < 0)
		return failed(u);
	file_stamp_from(&u->stamp, &st);
	return 0;
}

static int lock(struct upload_file *u)
{
	for (int i = 0; flock(u->dir, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return 0; /* a file system without locks of directories */
		if (i == LOCK_TRIES)
			return failed(u);
		usleep(1000);
	}
	return 0;
}

static void unlock(struct upload_file *u)
{
	(void)flock(u->dir, LOCK_UN);
}

static int link_as(struct upload_file *u, const char *name)
{
	char proc[32];
	proc_path(u->fd, proc);
	return linkat(AT_FDCWD, proc, u->dir, name, AT_SYMLINK_FOLLOW);
}

/* EEXIST if something is there. */
static int place_new(struct upload_file *u)
{
	if (!u->scratch[0])
		return link_as(u, u->name);
	int rc = (int)syscall(
	    SYS_renameat2, u->dir, u->scratch, u->dir, u->name, 1u /* RENAME_NOREPLACE */);
	if (rc < 0 && (errno == EINVAL || errno == ENOSYS))
		rc = renameat(u->dir, u->scratch, u->dir, u->name);
	if (rc == 0)
		u->scratch[0] = '\0';
	return rc;
}

/* A link is replaced, not what it leads to. */
static int place_over(struct upload_file *u)
{
	char name[SCRATCH_NAME];
	if (!u->scratch[0]) { /* only what has a name can take another's place */
		if (make_scratch_name(name) < 0 || link_as(u, name) < 0)
			return -1;
		memcpy(u->scratch, name, sizeof(name));
	}
	if (renameat(u->dir, u->scratch, u->dir, u->name) < 0)
		return -1;
	u->scratch[0] = '\0';
	return 0;
}

static int publish(struct upload_file *u)
{
	struct target t;
	for (int i = 0; i < PUBLISH_TRIES; i++) {
		int status = look_and_check(u, &t);
		if (status)
			return status;
		u->replaced = t.exists;
		if ((t.taken ? place_over(u) : place_new(u)) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return failed(u);
}

/* The name as well. */
static int sync_directory(struct upload_file *u)
{
	if (fsync(u->dir) == 0 || errno == EINVAL) /* EINVAL: there it is not possible */
		return 0;
	return failed(u);
}

int upload_file_commit(struct upload_file *u)
{
	int status = finish_file(u);
	if (!status)
		status = lock(u);
	if (status)
		return status;
	status = publish(u);
	unlock(u);
	return status ? status : sync_directory(u);
}

static int remove_locked(struct upload_file *u)
{
	struct target t;
	int status = look(u, &t);
	if (status)
		return status;
	if (!t.exists) /* or a link that leads nowhere a visitor may go: for him it is not there */
		return 404;
	status = check_conditions(u, &t);
	if (status)
		return status;
	return unlinkat(u->dir, u->name, 0) < 0 ? failed(u) : 0;
}

int upload_file_remove(struct upload_file *u)
{
	int status = open_parent(u, 404);
	if (!status)
		status = lock(u);
	if (status)
		return status;
	status = remove_locked(u);
	unlock(u);
	return status ? status : sync_directory(u);
}

void upload_file_close(struct upload_file *u)
{
	if (u->scratch[0])
		(void)unlinkat(u->dir, u->scratch, 0);
	u->scratch[0] = '\0';
	if (u->fd >= 0)
		close(u->fd);
	if (u->dir >= 0)
		close(u->dir);
	u->fd = u->dir = -1;
}
