/*
 * logfile.c - see logfile.h. The table is the master's; each worker has its own lines in front of
 * it.
 *
 * A worker never waits for a log: a pipe, a terminal or a syslog daemon that takes nothing keeps
 * its lines waiting here, and when there is no more room they are dropped, counted, and the count
 * is told once things move again.
 */
#include "app/logfile.h"

#include "base/buf.h"
#include "base/facility.h"
#include "base/log.h"
#include "base/mem.h"
#include "event/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
	LINES_MAX = 64 << 10, /* waiting for one file: a second of 300 requests, and what a write
				 takes at once */
	FLUSH_AT =
	    16 << 10, /* written at the end of the turn: a write call for about a hundred lines */
	FLUSH_MS = 1000, /* else so late at most */
};

/* What a file's kind asks for. */
enum sort {
	SORT_FILE,    /* takes all at once, whole */
	SORT_PIPE,    /* whole up to PIPE_BUF, and may not be ready */
	SORT_TERMINAL /* somebody looks at it: at the end of each turn */
};

struct waiting {
	struct buf lines;
	enum sort sort;
	bool torn;    /* the last write ended inside a line */
	bool failing; /* told already */
	uint64_t dropped;
};

static struct logfile files[LOGFILES_MAX];
static struct waiting waiting[LOGFILES_MAX];
static int file_count;
static struct loop *loop;
static struct timer timer;
static struct task task;
static int syslog_fd = -1;

static enum sort find_sort(int fd)
{
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || S_ISREG(st.st_mode))
		return SORT_FILE;
	return isatty(fd) ? SORT_TERMINAL : SORT_PIPE;
}

static int open_path(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

static int open_destination(struct logfile *f, const char *path)
{
	f->fd = -1;
	f->facility = facility_of(path);
	if (f->facility != ERR_SYNTAX) {
		errno = EINVAL;
		return f->facility < 0 ? ERR_IO : OK;
	}
	f->fd = strcmp(path, "-") == 0 ? STDOUT_FILENO : open_path(path);
	return f->fd < 0 ? ERR_IO : OK;
}

int logfile_open(const char *path)
{
	int index = logfile_find(path);
	if (index >= 0)
		return index;
	if (file_count == LOGFILES_MAX)
		return ERR_FULL;
	struct logfile *f = &files[file_count];
	if (open_destination(f, path) < 0)
		return ERR_IO;
	f->path = mem_strdup(path);
	struct waiting *w = &waiting[file_count];
	buf_init(&w->lines, LINES_MAX);
	w->sort = find_sort(f->fd);
	return file_count++;
}

struct logfile *logfile_at(int index)
{
	return index >= 0 && index < file_count ? &files[index] : NULL;
}

int logfile_find(const char *path)
{
	for (int i = 0; i < file_count; i++)
		if (strcmp(files[i].path, path) == 0)
			return i;
	return ERR_NOTFOUND;
}

void logfile_reopen_all(void)
{
	for (int i = 0; i < file_count; i++) {
		if (files[i].fd <= STDERR_FILENO)
			continue;
		int fd = open_path(files[i].path);
		if (fd < 0) {
			log_error("cannot reopen %s: %s (the old file is kept)", files[i].path,
			    strerror(errno));
			continue;
		}
		close(files[i].fd);
		files[i].fd = fd;
	}
}

static bool takes(const struct waiting *w, int fd)
{
	if (w->sort == SORT_FILE)
		return true;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	return poll(&p, 1, 0) == 1;
}

/* Whole lines up to `most` bytes; a first line that is longer is cut there. */
static size_t whole_lines(struct slice lines, size_t most)
{
	struct slice part = slice_head(lines, most);
	ptrdiff_t end = slice_find_last(part, '\n');
	return end < 0 ? part.len : (size_t)end + 1;
}

static void tell_failure(struct waiting *w, const char *path)
{
	if (!w->failing)
		log_error("cannot write %s: %s (lines are dropped)", path, strerror(errno));
	w->failing = true;
	for (size_t i = 0; i < w->lines.len; i++)
		w->dropped += w->lines.data[i] == '\n';
	buf_clear(&w->lines);
}

static void tell_success(struct waiting *w, const char *path)
{
	if (w->dropped)
		log_warning("%s takes lines again; %llu were dropped", path,
		    (unsigned long long)w->dropped);
	w->failing = false;
	w->dropped = 0;
}

/* Writes what can be written now; false when nothing more goes. */
static bool write_some(struct waiting *w, const struct logfile *f)
{
	/* A pipe tears what is longer than PIPE_BUF, a file nothing. */
	size_t most = w->sort == SORT_FILE ? LINES_MAX : PIPE_BUF;
	if (!takes(w, f->fd))
		return false;
	size_t len = whole_lines(buf_peek(&w->lines), most);
	if (w->torn && write(f->fd, "\n", 1) < 1) {
		tell_failure(w, f->path);
		return false;
	}
	w->torn = false;
	ssize_t n = write(f->fd, w->lines.data, len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < (ssize_t)len) {
		w->torn = n > 0 && w->lines.data[n - 1] != '\n';
		if (n >= 0)
			errno = ENOSPC; /* a file that takes a part only has no more room */
		buf_consume(&w->lines, n > 0 ? (size_t)n : 0);
		tell_failure(w, f->path);
		return false;
	}
	bool cut = w->lines.data[len - 1] != '\n';
	buf_consume(&w->lines, len);
	if (cut) {
		ptrdiff_t rest = slice_find(buf_peek(&w->lines), '\n');
		buf_consume(&w->lines, rest < 0 ? w->lines.len : (size_t)rest + 1);
		w->torn = true;
	}
	tell_success(w, f->path);
	return w->lines.len > 0;
}

/* A socket of our own: syslog(3) would wait for a daemon that does not read. */
static bool syslog_connected(void)
{
	static const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	if (syslog_fd >= 0)
		return true;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		fd = -1;
	}
	syslog_fd = fd;
	return fd >= 0;
}

/* RFC 3164 section 4.1, as /dev/log takes it. */
static bool syslog_line(int facility, struct slice line)
{
	char head[64], when[32];
	time_t now = time(NULL);
	struct tm tm;
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
	int len = snprintf(
	    head, sizeof(head), "<%d>%s httpd[%d]: ", facility | LOG_INFO, when, (int)getpid());
	struct iovec iov[2] = { { head, (size_t)len }, { (char *)line.ptr, line.len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	if (sendmsg(syslog_fd, &msg, MSG_NOSIGNAL) >= 0 || errno == EMSGSIZE)
		return true;
	if (errno != EAGAIN && errno != ENOBUFS) { /* the daemon was restarted */
		close(syslog_fd);
		syslog_fd = -1;
	}
	return false;
}

static void flush_syslog(struct waiting *w, const struct logfile *f)
{
	size_t done = 0;
	while (done < w->lines.len) {
		struct slice rest = slice_tail(buf_peek(&w->lines), done);
		struct slice line = slice_split(&rest, '\n');
		if (!syslog_connected() || !syslog_line(f->facility, line))
			break;
		done += line.len + 1;
	}
	if (done < w->lines.len) {
		buf_consume(&w->lines, done);
		tell_failure(w, f->path);
		return;
	}
	buf_clear(&w->lines);
	tell_success(w, f->path);
}

static void flush_one(int index)
{
	struct waiting *w = &waiting[index];
	if (w->lines.len == 0)
		return;
	if (files[index].facility >= 0) {
		flush_syslog(w, &files[index]);
		return;
	}
	while (write_some(w, &files[index]))
		;
}

void logfile_flush(void)
{
	for (int i = 0; i < file_count; i++)
		flush_one(i);
}

void logfile_replace(int index, int fd)
{
	struct logfile *f = logfile_at(index);
	if (!f || f->facility >= 0) {
		close(fd);
		return;
	}
	flush_one(index);
	if (f->fd > STDERR_FILENO)
		close(f->fd);
	f->fd = fd;
	waiting[index].sort = find_sort(fd);
	waiting[index].torn = false;
}

static void on_turn_end(struct task *t)
{
	(void)t;
	for (int i = 0; i < file_count; i++)
		if (waiting[i].lines.len >= FLUSH_AT || waiting[i].sort == SORT_TERMINAL)
			flush_one(i);
}

static void on_second(struct timer *t)
{
	(void)t;
	logfile_flush();
}

static void flush_soon(const struct waiting *w)
{
	if (!loop)
		logfile_flush();
	else if (w->lines.len >= FLUSH_AT || w->sort == SORT_TERMINAL)
		loop_defer(loop, &task);
	if (loop && timer.due_ms == 0)
		timer_set(loop, &timer, loop_now_ms(loop) + FLUSH_MS);
}

void logfile_write(int index, struct slice line)
{
	struct logfile *f = logfile_at(index);
	if (!f)
		return;
	struct waiting *w = &waiting[index];
	if (buf_append(&w->lines, line) < 0) {
		flush_one(index);
		if (buf_append(&w->lines, line) < 0)
			w->dropped++;
	}
	flush_soon(w);
}

void logfile_start(struct loop *the_loop)
{
	loop = the_loop;
	timer.on_due = on_second;
	task.run = on_turn_end;
}
