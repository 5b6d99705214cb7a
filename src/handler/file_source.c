/*
 * file_source.c - see file_source.h.
 *
 * Bytes of the file go to the output queue as ranges of its descriptor, for sendfile. What is not
 * in the page cache is read by a thread of the pool first, so that sendfile finds it there: one
 * slow disk does not hold up the loop. A file that is being written to is copied instead.
 */
#include "handler/file_source.h"

#include "app/module.h"
#include "base/mem.h"
#include "event/offload.h"
#include "handler/file_copy.h"
#include "handler/file_look.h"

#include <unistd.h>

enum {
	/* Put into the queue at once, and looked for in the page cache at once: two probes of 0.3
	   us each in 0.1 ms of sending. */
	RUN = 512 << 10,
	READ_AT_ONCE = 64 << 10,
};

struct file_source {
	struct source source;
	struct request *request;
	struct file_entry *entry;
	struct file_segment *segments;
	unsigned count;
	unsigned at;           /* the segment in work */
	uint64_t ready_to;     /* up to here the thread has read */
	bool copies;           /* file_copy.h */
	struct file_tail tail; /* of what was queued last */
	bool failed;
	struct warm_job *job; /* a read under way */
};

/* Reads a run of a file for its effect on the page cache. Outlives its source if it must. */
struct warm_job {
	struct offload_job job;
	struct file_entry *entry;   /* a reference, so the descriptor stays */
	struct file_source *source; /* NULL: nobody waits */
	uint64_t first;
	uint64_t length;
	bool failed;
};

static void on_warm(struct offload_job *j)
{
	struct warm_job *job = CONTAINER_OF(j, struct warm_job, job);
	char bytes[READ_AT_ONCE];
	for (uint64_t done = 0; done < job->length;) {
		uint64_t left = job->length - done;
		ssize_t n = pread(job->entry->fd, bytes,
		    left < sizeof(bytes) ? left : sizeof(bytes), (off_t)(job->first + done));
		if (n <= 0) {
			job->failed = true;
			return;
		}
		done += (uint64_t)n;
	}
}

static void on_warmed(struct offload_job *j)
{
	struct warm_job *job = CONTAINER_OF(j, struct warm_job, job);
	struct file_source *s = job->source;
	if (s) {
		s->job = NULL;
		s->failed = job->failed;
		s->ready_to = job->first + job->length;
	}
	owner_release(&job->entry->owner);
	mem_free(job);
	if (s)
		response_wake(s->request);
}

/* False: it could not be handed over, so the loop reads itself. */
static bool warm(struct file_source *s, uint64_t first, uint64_t length)
{
	struct warm_job *job = mem_zalloc(sizeof(*job));
	job->job.work = on_warm;
	job->job.done = on_warmed;
	job->entry = s->entry;
	job->source = s;
	job->first = first;
	job->length = length;
	if (!app_worker.pool || offload_submit(app_worker.pool, &job->job) < 0) {
		mem_free(job);
		return false;
	}
	owner_hold(&s->entry->owner);
	s->job = job;
	return true;
}

/* The bytes can be sent without waiting for a disk, or nothing can be done about it. */
static bool ready(struct file_source *s, uint64_t first, uint64_t length)
{
	return s->ready_to == first + length || file_look_resident(s->entry, first, length) ||
	       !warm(s, first, length);
}

static int append(struct file_source *s, struct outq *q, uint64_t first, uint64_t length)
{
	struct file_entry *e = s->entry;
	if (length == 0)
		return OK;
	if (s->copies)
		return file_copy(e, q, first, length, &s->tail);
	if (e->fd < 0) {
		outq_borrow(q, slice_of(e->body.ptr + first, length), &e->owner);
		return OK;
	}
	outq_file(q, e->fd, (off_t)first, length, &e->owner);
	if (length < s->segments[s->at].length || s->at + 1 < s->count)
		file_tail_read(&s->tail, e->fd, first + length);
	return OK;
}

static bool keeps(struct file_source *s)
{
	struct file_stamp now;
	return file_look_unchanged(s->entry) ||
	       (file_look_keeps(s->entry, &now) && file_tail_matches(&s->tail, s->entry->fd));
}

static enum pull pull(struct source *source, struct outq *q, size_t max)
{
	struct file_source *s = CONTAINER_OF(source, struct file_source, source);
	(void)max; /* a range of a file costs the queue nothing, and copied runs are short */
	if (s->job)
		return PULL_WAIT;
	struct file_segment *segment = &s->segments[s->at];
	uint64_t most = s->copies ? FILE_COPY_RUN : RUN;
	uint64_t length = segment->length < most ? segment->length : most;
	if (s->failed || !keeps(s))
		return PULL_ERROR;
	if (!ready(s, segment->first, length))
		return PULL_WAIT;
	outq_copy(q, segment->head);
	segment->head.len = 0;
	if (append(s, q, segment->first, length) < 0)
		return PULL_ERROR;
	segment->first += length;
	segment->length -= length;
	s->at += segment->length == 0;
	s->ready_to = 0;
	return s->at < s->count ? PULL_MORE : PULL_END;
}

static void on_close(struct source *source)
{
	struct file_source *s = CONTAINER_OF(source, struct file_source, source);
	if (s->job)
		s->job->source = NULL;
	owner_release(&s->entry->owner);
}

static const struct source_ops file_source_ops = { .pull = pull, .close = on_close };

struct source *file_source_new(
    struct request *r, struct file_entry *e, struct file_segment *segments, unsigned count)
{
	struct file_source *s = arena_zalloc(&r->arena, sizeof(*s));
	s->source.ops = &file_source_ops;
	s->request = r;
	s->entry = e;
	s->segments = segments;
	s->count = count;
	s->copies = file_copy_due(e);
	owner_hold(&e->owner);
	return &s->source;
}
