/*
 * spool.c - content in memory, then in a file.
 *
 * The file is written in the loop's thread: a write of some kilobytes to the page cache is a copy.
 * It is read back by sendfile or by whoever takes the ranges that the source hands out. It has no
 * name, so that nothing is left behind whatever happens.
 */
#include "http/spool.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct spool {
	struct spool_spec spec;
	struct sink sink;
	/* One reference is the handler's, one each source's and each borrowed piece's. */
	struct owner owner;
	struct buf memory;
	int fd; /* -1: all is in memory */
	uint64_t size;
	int error; /* errno of what could not be kept; 0: nothing was lost */
};

struct spool_reader {
	struct source source;
	struct spool *spool;
};

static void on_unused(struct owner *o)
{
	struct spool *s = CONTAINER_OF(o, struct spool, owner);

	buf_fini(&s->memory);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s);
}

/* Where the file system can not make a file without a name, it gets one for a moment. */
static int open_named(const char *directory)
{
	char *path = mem_printf("%s/httpd-XXXXXX", directory);
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd >= 0)
		unlink(path);
	mem_free(path);
	return fd;
}

static int open_file(const char *directory)
{
	if (!directory)
		directory = "/var/tmp";
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_named(directory);
	return fd;
}

static int write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		if (n > 0)
			bytes = slice_tail(bytes, (size_t)n);
	}
	return OK;
}

/* From now on the file has it all, so that a reader needs to look at one place. */
static int move_to_file(struct spool *s)
{
	s->fd = open_file(s->spec.directory);
	if (s->fd < 0 || write_all(s->fd, buf_peek(&s->memory)) != OK)
		return ERR_IO;
	buf_fini(&s->memory);
	return OK;
}

static int keep(struct spool *s, struct slice bytes)
{
	if (s->fd < 0 && buf_append(&s->memory, bytes) == OK)
		return OK;
	if (s->fd < 0 && move_to_file(s) != OK)
		return ERR_IO;
	return write_all(s->fd, bytes);
}

/* After a failure the rest is taken and dropped. */
static size_t on_push(struct sink *sink, struct slice bytes)
{
	struct spool *s = CONTAINER_OF(sink, struct spool, sink);

	if (s->error == 0 && keep(s, bytes) != OK)
		s->error = errno;
	s->size += bytes.len;
	return bytes.len;
}

static void on_end(struct sink *sink)
{
	struct spool *s = CONTAINER_OF(sink, struct spool, sink);

	errno = s->error;
	s->spec.on_end(s, s->error ? ERR_IO : OK, s->spec.ctx);
}

static void on_abort(struct sink *sink)
{
	struct spool *s = CONTAINER_OF(sink, struct spool, sink);

	s->spec.on_end(s, ERR_CLOSED, s->spec.ctx);
}

static const struct sink_ops spool_sink_ops = { on_push, on_end, on_abort };

struct spool *spool_new(const struct spool_spec *spec)
{
	struct spool *s = mem_alloc(sizeof(*s));

	*s = (struct spool){
		.spec = *spec,
		.sink = { &spool_sink_ops },
		.owner = { .refs = 1, .on_last = on_unused },
		.fd = -1,
	};
	buf_init(&s->memory, spec->memory_max);
	return s;
}

void spool_free(struct spool **s)
{
	if (*s)
		owner_release(&(*s)->owner);
	*s = NULL;
}

struct sink *spool_sink(struct spool *s)
{
	return &s->sink;
}

uint64_t spool_size(const struct spool *s)
{
	return s->size;
}

struct slice spool_peek(const struct spool *s)
{
	if (s->fd >= 0)
		return SLICE_NONE;
	return s->size ? buf_peek(&s->memory) : SLICE("");
}

static enum pull reader_pull(struct source *source, struct outq *q, size_t max)
{
	struct spool *s = CONTAINER_OF(source, struct spool_reader, source)->spool;

	(void)max; /* neither form costs anything, however long it is */
	if (s->fd >= 0)
		outq_file(q, s->fd, 0, s->size, &s->owner);
	else
		outq_borrow(q, buf_peek(&s->memory), &s->owner);
	return PULL_END;
}

static void reader_close(struct source *source)
{
	struct spool_reader *reader = CONTAINER_OF(source, struct spool_reader, source);

	owner_release(&reader->spool->owner);
	mem_free(reader);
}

static const struct source_ops reader_ops = { reader_pull, reader_close };

struct source *spool_source(struct spool *s)
{
	struct spool_reader *reader = mem_alloc(sizeof(*reader));

	*reader = (struct spool_reader){ { &reader_ops }, s };
	owner_hold(&s->owner);
	return &reader->source;
}
