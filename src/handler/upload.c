/*
 * upload.c - see upload.h: from a request to steps that threads take, and to its answer. RFC 9110
 * sections 9.3.3 to 9.3.5, 13 and 14.5.
 *
 * The steps of a file: open, write as often as it takes, commit; at any time discard. While a
 * thread is at one of them (`step`) the rest of the struct is the loop's, but for `file`, `writing`
 * and `status`. Content comes into `filling` meanwhile; when that is full the client is held back,
 * and when the thread comes back it gets all of it at once: so pieces are as large as the disk is
 * slow, and an upload whose client is the slower one holds next to nothing.
 *
 * What has arrived whole is stored even if nobody waits for the answer any more.
 */
#include "handler/upload.h"

#include "app/module.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/log.h"
#include "base/mem.h"
#include "event/offload.h"
#include "handler/file_cache.h"
#include "handler/file_etag.h"
#include "handler/file_hidden.h"
#include "handler/upload_file.h"
#include "http/body.h"
#include "http/conditions.h"
#include "http/target.h"

#include <limits.h>
#include <sys/resource.h>

enum {
	/* Twice this is what an upload may hold: writes of this size cost little each, and the
	   memory of a thousand clients on a slow disk can be borne. */
	BUFFER_MAX = 128 << 10,
	/* Threads of their own: a disk that takes minutes to write must not keep visitors from
	   reading. More would only queue at the same disk. */
	THREADS = 4,
};

struct upload;

struct upload_step {
	int (*work)(struct upload *u);  /* in a thread; 0 or a status */
	void (*done)(struct upload *u); /* when it returned 0 */
	bool changes;                   /* files, that is */
};

struct upload {
	struct offload_job job;
	struct sink sink;
	struct request *request; /* NULL: nobody waits for an answer */
	struct upload_file file;
	struct request asked; /* a copy of method and conditions, for threads */
	struct arena arena;
	struct buf filling;
	struct buf writing;
	const struct upload_step *step; /* that a thread is at; NULL: none */
	int status;                     /* of the last step */
	bool ended;                     /* all of the content is here */
	bool full;                      /* the client is held back */
	bool given_up;                  /* the content will never be complete */
};

static struct offload *pool; /* NULL: steps are taken where they start */
static unsigned under_way;
static unsigned under_way_max;

void upload_prepare(void)
{
	struct rlimit rl;
	/* Each has a file and a directory open: a quarter of the descriptors, the rest is for
	 * connections. */
	under_way_max = 128;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0)
		under_way_max = (unsigned)(rl.rlim_cur / 8 < 8192 ? rl.rlim_cur / 8 : 8192);
	/* Each upload has a job in it at the most, so that is its bound. */
	if (!pool && app_worker.loop)
		pool = offload_new(app_worker.loop, THREADS, UINT_MAX);
}

void upload_release(void)
{
	struct offload *closing = pool;
	pool = NULL; /* what is left to do is done at once */
	offload_free(&closing);
}

static void on_done(struct offload_job *job);

static void on_work(struct offload_job *job)
{
	struct upload *u = CONTAINER_OF(job, struct upload, job);
	u->status = u->step->work(u);
}

/* May be the end of `u`. */
static void start(struct upload *u, const struct upload_step *step)
{
	u->step = step;
	if (pool && offload_submit(pool, &u->job) == OK)
		return;
	on_work(&u->job);
	on_done(&u->job);
}

static int discard(struct upload *u)
{
	upload_file_close(&u->file);
	return 0;
}

static void on_discarded(struct upload *u)
{
	buf_fini(&u->filling);
	buf_fini(&u->writing);
	arena_fini(&u->arena);
	mem_free(u);
	under_way--;
}

static const struct upload_step discarding = { discard, on_discarded, false };

/* What to say of a status, where the status alone does not. */
static const char *note_of(int status)
{
	switch (status) {
	case 400:
		return "the content is a part of a file, or the name has control characters";
	case 403:
		return "the server may not write there";
	case 409:
		return "it is a directory, or the directory that it is to be in is not there";
	case 415:
		return "files are stored as they are, without a content coding";
	case 500:
		return "the file can not be stored";
	case 507:
		return "the disk is full";
	}
	return NULL;
}

static void log_failure(const struct upload *u)
{
	static struct log_gate gate;
	if (u->status >= 500 && u->file.error)
		log_gated(&gate, LOG_LEVEL_ERROR, "cannot store or remove '%s': %s", u->file.path,
		    strerror(u->file.error));
}

static void fail(struct upload *u)
{
	struct request *r = u->request;
	int status = u->status;
	log_failure(u);
	u->request = NULL;
	start(u, &discarding);
	if (!r)
		return;
	chain_came_back(r);
	r->sink = NULL; /* what else comes is the engine's to throw away */
	response_error(r, status, note_of(status));
}

/* A job's thread is back. */
static void on_done(struct offload_job *job)
{
	struct upload *u = CONTAINER_OF(job, struct upload, job);
	const struct upload_step *step = u->step;
	u->step = NULL;
	if (step->changes)
		file_cache_doubt();
	if (u->given_up && step != &discarding)
		start(u, &discarding);
	else if (u->status)
		fail(u);
	else
		step->done(u);
}

static void on_gone(struct request *r, void *ctx)
{
	struct upload *u = ctx;
	(void)r;
	u->request = NULL;
	u->given_up = !u->ended;
}

static int write_piece(struct upload *u)
{
	return upload_file_write(&u->file, buf_peek(&u->writing));
}

static void proceed(struct upload *u);

static const struct upload_step writing = { write_piece, proceed, false };

static int commit(struct upload *u)
{
	int status = upload_file_commit(&u->file);
	upload_file_close(&u->file);
	return status;
}

/* Of the new state (section 9.3.4): nothing was changed on the way from the content to the file. */
static void add_validators(struct request *r, const struct file_stamp *stamp)
{
	char *etag = arena_bytes(&r->arena, FILE_ETAG_MAX);
	char *date = arena_bytes(&r->arena, DATE_HTTP_LEN);
	date_format_http(stamp->modified.tv_sec, date);
	response_add_static(
	    r, FIELD_OTHER, SLICE("ETag"), file_etag(stamp->size, stamp->modified, etag));
	response_add_static(r, FIELD_OTHER, SLICE("Last-Modified"), slice_of(date, DATE_HTTP_LEN));
}

static void on_committed(struct upload *u)
{
	struct request *r = u->request;
	if (r) {
		chain_came_back(r);
		r->response.status = u->file.replaced ? 204 : 201;
		add_validators(r, &u->file.stamp);
		if (!u->file.replaced)
			response_add_static(
			    r, FIELD_OTHER, SLICE("Location"), target_encode(r->path, &r->arena));
	}
	on_discarded(u);
	if (r)
		response_start(r);
}

static const struct upload_step committing = { commit, on_committed, true };

static void write_next(struct upload *u)
{
	struct buf empty = u->writing;
	u->writing = u->filling;
	u->filling = empty;
	buf_clear(&u->filling);
	u->step = &writing; /* pushes that come of the next lines are for later */
	if (u->full && u->request) {
		u->full = false;
		request_read_on(u->request);
	}
	start(u, &writing);
}

/* No thread is at work: what is next? */
static void proceed(struct upload *u)
{
	if (u->filling.len > 0) {
		write_next(u);
		return;
	}
	/* The client may take its time now. */
	buf_fini(&u->filling);
	buf_fini(&u->writing);
	if (u->ended)
		start(u, &committing);
}

static struct upload *of_sink(struct sink *s)
{
	return CONTAINER_OF(s, struct upload, sink);
}

static size_t on_push(struct sink *s, struct slice bytes)
{
	struct upload *u = of_sink(s);
	struct slice taken = slice_head(bytes, BUFFER_MAX - u->filling.len);
	u->full = taken.len < bytes.len;
	if (buf_append(&u->filling, taken) < 0)
		return 0; /* never: there is room */
	if (!u->step)
		proceed(u);
	return taken.len;
}

static void on_end(struct sink *s)
{
	struct upload *u = of_sink(s);
	u->ended = true;
	chain_wait(u->request, on_gone, u);
	if (!u->step)
		proceed(u);
}

static void on_abort(struct sink *s)
{
	struct upload *u = of_sink(s);
	u->request = NULL;
	u->given_up = true;
	if (!u->step)
		start(u, &discarding);
}

static const struct sink_ops sink_ops = { .push = on_push, .end = on_end, .abort = on_abort };

static int open_file(struct upload *u)
{
	return upload_file_open(&u->file, u->asked.content_length);
}

/* Only now the client is asked for the content, if it waits for that. */
static void on_opened(struct upload *u)
{
	struct request *r = u->request;
	chain_came_back(r);
	request_read_body(r, &u->sink);
}

static const struct upload_step opening = { open_file, on_opened, false };

static int remove_file(struct upload *u)
{
	int status = upload_file_remove(&u->file);
	upload_file_close(&u->file);
	return status;
}

static void on_removed(struct upload *u)
{
	struct request *r = u->request;
	on_discarded(u);
	if (!r)
		return;
	chain_came_back(r);
	r->response.status = 204;
	response_start(r);
}

static const struct upload_step removing = { remove_file, on_removed, true };

static bool has_controls(struct slice path)
{
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.ptr[i] < 0x20 || path.ptr[i] == 0x7f)
			return true;
	return false;
}

/* What can be said without a look at the disk; 0: nothing against it. */
static int refusal(const struct request *r, const struct files *f, struct slice path)
{
	struct slice coding = fields_get(&r->fields, FIELD_CONTENT_ENCODING);
	if (file_hidden(path.ptr, f->hidden))
		return 404; /* as a GET says */
	if (path.len == 0 || path.ptr[path.len - 1] == '/')
		return 409;
	if (path.len >= PATH_MAX)
		return 414;
	if (r->method == METHOD_DELETE)
		return 0;
	/* Section 14.5: it was meant to be a part, and must not become the whole. */
	if (has_controls(path) || fields_count(&r->fields, FIELD_CONTENT_RANGE) > 0)
		return 400;
	/* Nobody would know of it any more when the file is sent. */
	return coding.len && !slice_eq_ci(coding, SLICE("identity")) ? 415 : 0;
}

static void copy_conditions(struct upload *u, const struct request *r)
{
	u->asked.method = r->method;
	u->asked.content_length = r->content_length;
	for (unsigned i = 0; i < r->fields.count; i++) {
		const struct field *f = &r->fields.list[i];
		if (CONDITION_FIELDS & 1u << f->id)
			fields_add(&u->asked.fields, &u->arena, f->id, SLICE_NONE,
			    arena_dup(&u->arena, f->value));
	}
}

static struct upload *upload_new(struct request *r, const struct files *f, struct slice path)
{
	struct upload *u = mem_zalloc(sizeof(*u));
	under_way++;
	u->job.work = on_work;
	u->job.done = on_done;
	u->sink.ops = &sink_ops;
	u->request = r;
	u->file.files = f;
	u->file.path = arena_dup(&u->arena, path).ptr;
	u->file.asked = &u->asked;
	upload_file_init(&u->file);
	copy_conditions(u, r);
	buf_init(&u->filling, BUFFER_MAX);
	buf_init(&u->writing, BUFFER_MAX);
	return u;
}

void upload_handle(struct request *r, const struct files *f, struct slice path)
{
	path = arena_dup(&r->arena, path);
	int status = refusal(r, f, path);
	if (status) {
		response_error(r, status, note_of(status));
		return;
	}
	if (under_way >= under_way_max) {
		response_error(r, 503, "too many uploads are under way");
		return;
	}
	struct upload *u = upload_new(r, f, path);
	u->ended = r->method == METHOD_DELETE; /* its content, if any, means nothing */
	chain_wait(r, on_gone, u);
	start(u, u->ended ? &removing : &opening);
}
