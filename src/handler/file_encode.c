/*
 * file_encode.c - see file_encode.h.
 *
 * A thread reads and compresses; what comes of it is hung on the entry in the loop. An encoding
 * holds a reference to its entry, so descriptor and bytes stay. Those that find no thread free wait
 * in a queue of their own: the pool is for disks in the first place.
 */
#include "handler/file_encode.h"

#include "app/module.h"
#include "base/mem.h"
#include "event/offload.h"
#include "handler/file_look.h"

#include <errno.h>
#include <unistd.h>

enum {
	/* A thread is busy with it for a tenth of a second, and it is held in memory meanwhile. */
	INPUT_MAX = 8 << 20,
	/* What a thread makes small in about a second: a worker that is to end waits for it. For
	   larger files at FAST_LEVEL_MAX at most, ... */
	SMALLEST_INPUT_MAX = 256 << 10,
	FAST_LEVEL_MAX = 7,
	/* ... and from here on not at all. */
	SMALL_INPUT_MAX = 1 << 20,
	QUICK_LEVEL = 1,
	/* Of the pool's four threads: two are left for files that are not in memory. */
	RUNNING_MAX = 2,
	/* Visitors of more files at once are served uncompressed: better than to wait. */
	QUEUE_MAX = 256,
	/* Encoders ask for room before they know how much they need. */
	SPARE = 64 << 10,
};

struct encoding {
	struct offload_job job;
	struct list node; /* in the queue */
	struct list waiters;
	const struct files *files;
	struct file_entry *entry; /* a reference */
	enum coding coding;
	int level;
	bool small;
	/* By the thread. */
	bool failed;
	struct buf out; /* empty: it does not become smaller */
};

static struct {
	struct list queue;
	unsigned queued;
	unsigned running;
	bool small_runs;
} work = { .queue = { &work.queue, &work.queue } };

static bool read_file(const struct file_entry *e, char *to)
{
	for (size_t done = 0; done < e->stamp.size;) {
		ssize_t n = pread(e->fd, to + done, (size_t)e->stamp.size - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	/* Written to while it was read: it may be half old, half new. */
	return file_look_afresh(e);
}

static void compress(struct encoding *x, struct slice in)
{
	struct encoder *encoder = encoder_new(x->coding, compress_level(x->coding, x->level));
	buf_init(&x->out, in.len + SPARE);
	int rc = encoder ? encoder_write(encoder, in, ENCODER_FINISH, &x->out) : ERR_IO;
	encoder_free(&encoder);
	x->failed = rc < 0 && rc != ERR_FULL;
	if (rc < 0 || x->out.len >= in.len)
		buf_fini(&x->out);
	else
		x->out.data = mem_realloc(x->out.data, x->out.len);
}

static void on_work(struct offload_job *j)
{
	struct encoding *x = CONTAINER_OF(j, struct encoding, job);
	const struct file_entry *e = x->entry;
	if (e->fd < 0) {
		compress(x, e->body);
		return;
	}
	char *bytes = mem_alloc((size_t)e->stamp.size);
	if (read_file(e, bytes))
		compress(x, slice_of(bytes, (size_t)e->stamp.size));
	else
		x->failed = true;
	mem_free(bytes);
}

static int small_level(const struct files *f, const struct file_entry *e)
{
	bool fast = e->stamp.size > SMALLEST_INPUT_MAX && f->compress.level > FAST_LEVEL_MAX;
	return fast ? FAST_LEVEL_MAX : f->compress.level;
}

static bool has_smaller(const struct encoding *x)
{
	return x->entry->stamp.size <= SMALL_INPUT_MAX &&
	       small_level(x->files, x->entry) > x->level;
}

/* Takes the thread's bytes. */
static void keep_quick(struct encoding *x)
{
	struct file_variants *variants = file_variants_of(x->entry);
	if (!x->out.len) {
		variants->worthless = !x->failed;
		return;
	}
	struct file_variant *v = file_variant_set_made(x->entry, x->coding, buf_peek(&x->out));
	buf_init(&x->out, 0);
	v->quick = has_smaller(x);
}

static void keep_small(struct encoding *x)
{
	const struct file_variant *old = file_variants_of(x->entry)->of[x->coding].made;
	if (!x->out.len || !old || x->out.len >= old->body.len)
		return;
	file_variant_set_made(x->entry, x->coding, buf_peek(&x->out));
	buf_init(&x->out, 0);
}

static void wake(struct list *waiters, bool ok)
{
	while (!list_empty(waiters)) {
		struct encode_waiter *w = CONTAINER_OF(waiters->next, struct encode_waiter, node);
		list_remove(&w->node);
		chain_came_back(w->request);
		w->on_encoded(w, ok);
	}
}

static void encoding_free(struct encoding *x)
{
	buf_fini(&x->out);
	owner_release(&x->entry->owner);
	mem_free(x);
}

static void settle(struct encoding *x)
{
	if (x->small) {
		keep_small(x);
	} else {
		keep_quick(x);
		file_variants_of(x->entry)->of[x->coding].encoding = NULL;
		wake(&x->waiters, !x->failed);
		file_encode_small(x->files, x->entry, x->coding);
	}
	encoding_free(x);
}

static bool submit(struct encoding *x)
{
	bool ok = offload_submit(app_worker.pool, &x->job) == OK;
	work.running += ok;
	return ok;
}

static void run_queued(void)
{
	while (work.running < RUNNING_MAX && !list_empty(&work.queue)) {
		struct encoding *x = CONTAINER_OF(work.queue.next, struct encoding, node);
		list_remove(&x->node);
		work.queued--;
		if (submit(x)) /* from here on it is the thread's */
			continue;
		x->failed = true;
		settle(x);
	}
}

static void on_done(struct offload_job *j)
{
	struct encoding *x = CONTAINER_OF(j, struct encoding, job);
	work.running--;
	work.small_runs &= !x->small;
	run_queued();
	settle(x);
}

static struct encoding *encoding_new(
    const struct files *f, struct file_entry *e, enum coding c, int level)
{
	struct encoding *x = mem_zalloc(sizeof(*x));
	x->job.work = on_work;
	x->job.done = on_done;
	list_init(&x->node);
	list_init(&x->waiters);
	x->files = f;
	x->entry = e;
	x->coding = c;
	x->level = level;
	owner_hold(&e->owner);
	return x;
}

bool file_encode_can(const struct file_entry *e)
{
	return app_worker.pool && e->stamp.size <= INPUT_MAX;
}

static bool enqueue(struct encoding *x)
{
	if (work.running < RUNNING_MAX && submit(x))
		return true;
	if (work.running == 0 || work.queued == QUEUE_MAX)
		return false;
	list_append(&work.queue, &x->node);
	work.queued++;
	return true;
}

static void on_gone(struct request *r, void *ctx)
{
	struct encode_waiter *w = ctx;
	(void)r;
	list_remove(&w->node);
}

int file_encode_wait(
    struct encode_waiter *w, const struct files *f, struct file_entry *e, enum coding c)
{
	struct encoding **place = &file_variants_of(e)->of[c].encoding;
	if (!*place) {
		struct encoding *x = encoding_new(f, e, c, QUICK_LEVEL);
		if (!enqueue(x)) {
			encoding_free(x);
			return ERR_FULL;
		}
		*place = x;
	}
	list_append(&(*place)->waiters, &w->node);
	chain_wait(w->request, on_gone, w);
	return OK;
}

void file_encode_small(const struct files *f, struct file_entry *e, enum coding c)
{
	struct file_variant *v = e->variants ? e->variants->of[c].made : NULL;
	if (!v || !v->quick || !e->cached || work.small_runs || work.running == RUNNING_MAX)
		return;
	struct encoding *x = encoding_new(f, e, c, small_level(f, e));
	x->small = true;
	work.small_runs = submit(x);
	v->quick = !work.small_runs;
	if (v->quick)
		encoding_free(x);
}
