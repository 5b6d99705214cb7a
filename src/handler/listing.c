/*
 * listing.c - see listing.h: from the request to a job, and from its page to the response.
 */
#include "handler/listing.h"

#include "app/module.h"
#include "base/mem.h"
#include "base/number.h"
#include "event/offload.h"
#include "handler/listing_write.h"
#include "http/accept.h"

/* 200,000 rows of 300 bytes as JSON: a bound that only names of extreme length reach. */
enum { PAGE_MAX = 64 << 20 };

/* A directory that is being read; then the page that is being sent. */
struct listing_job {
	struct offload_job job;
	struct owner owner;
	struct request *request; /* NULL: nobody waits */
	const struct files *files;
	struct listing_view view;
	bool json;
	int result; /* of listing_read, or ERR_FULL */
	struct buf page;
	struct arena arena; /* copies of what the view borrows */
	const char *path;
};

static void on_last(struct owner *o)
{
	struct listing_job *job = CONTAINER_OF(o, struct listing_job, owner);
	buf_fini(&job->page);
	arena_fini(&job->arena);
	mem_free(job);
}

static void on_work(struct offload_job *j)
{
	struct listing_job *job = CONTAINER_OF(j, struct listing_job, job);
	struct listing_view *v = &job->view;
	struct listing l;
	job->result = listing_read(&l, job->files, job->path);
	if (job->result == OK) {
		listing_sort(&l, v->sort, v->descending);
		if (v->page * LISTING_PAGE_ROWS >= l.count)
			v->page = 0;
		job->result = job->json ? listing_write_json(&job->page, &l, v)
					: listing_write_html(&job->page, &l, v);
	}
	listing_fini(&l);
}

static void add_fields(struct request *r, bool json)
{
	response_add_static(r, FIELD_CONTENT_TYPE, SLICE("Content-Type"),
	    json ? SLICE("application/json") : SLICE("text/html; charset=utf-8"));
	response_add_static(r, FIELD_CACHE_CONTROL, SLICE("Cache-Control"), SLICE("no-cache"));
	response_add_static(r, FIELD_OTHER, SLICE("Vary"), SLICE("Accept"));
	response_add_static(r, FIELD_OTHER, SLICE("X-Content-Type-Options"), SLICE("nosniff"));
	/* Whatever a file is called, nothing on this page runs. */
	if (!json)
		response_add_static(r, FIELD_OTHER, SLICE("Content-Security-Policy"),
		    SLICE("default-src 'none'; style-src 'unsafe-inline'"));
}

static void answer(struct request *r, struct listing_job *job)
{
	switch (job->result) {
	case OK:
		add_fields(r, job->json);
		response_set_body(r, buf_peek(&job->page), &job->owner);
		r->response.status = 200;
		response_start(r);
		return;
	case ERR_NOTFOUND:
		response_error(r, 404, NULL);
		return;
	case ERR_DENIED:
		response_error(r, 403, NULL);
		return;
	}
	response_error(r, 500, "the directory can not be read");
}

static void on_done(struct offload_job *j)
{
	struct listing_job *job = CONTAINER_OF(j, struct listing_job, job);
	if (job->request) {
		chain_came_back(job->request);
		answer(job->request, job);
	}
	owner_release(&job->owner);
}

static void on_gone(struct request *r, void *ctx)
{
	struct listing_job *job = ctx;
	(void)r;
	job->request = NULL;
}

/* The value of a parameter of the query; ptr NULL without. None that we know needs decoding. */
static struct slice query_value(struct slice query, struct slice name)
{
	while (query.ptr) {
		struct slice value = slice_split(&query, '&');
		if (slice_eq(slice_split(&value, '='), name))
			return value;
	}
	return SLICE_NONE;
}

static void read_view(struct listing_job *job, const struct request *r)
{
	struct listing_view *v = &job->view;
	struct slice sort = query_value(r->query, SLICE("sort"));
	uint64_t page;
	v->path = arena_dup(&job->arena, r->path);
	v->host = arena_dup(&job->arena, r->host);
	if (slice_eq(sort, SLICE("size")))
		v->sort = LISTING_SIZE;
	else if (slice_eq(sort, SLICE("date")))
		v->sort = LISTING_DATE;
	v->descending = slice_eq(query_value(r->query, SLICE("order")), SLICE("desc"));
	if (number_parse(query_value(r->query, SLICE("page")), LISTING_ENTRIES_MAX, &page) == OK &&
	    page > 0)
		v->page = (size_t)page - 1;
}

static bool wants_json(struct request *r)
{
	struct slice format = query_value(r->query, SLICE("format"));
	if (format.ptr)
		return slice_eq(format, SLICE("json"));
	struct slice accept = fields_join(&r->fields, FIELD_ACCEPT, &r->arena);
	return accept_quality(accept, SLICE("application/json")) >
	       accept_quality(accept, SLICE("text/html"));
}

void listing_answer(struct request *r, const struct files *f, struct slice path)
{
	struct listing_job *job = mem_zalloc(sizeof(*job));
	job->job.work = on_work;
	job->job.done = on_done;
	job->owner = (struct owner){ .refs = 1, .on_last = on_last };
	job->request = r;
	job->files = f;
	job->path = arena_dup(&job->arena, path).ptr;
	job->json = wants_json(r);
	buf_init(&job->page, PAGE_MAX);
	read_view(job, r);
	if (!app_worker.pool) { /* without a loop there is none to hold up */
		on_work(&job->job);
		answer(r, job);
		owner_release(&job->owner);
		return;
	}
	if (offload_submit(app_worker.pool, &job->job) < 0) {
		owner_release(&job->owner);
		response_error(r, 503, "too many directories are being read");
		return;
	}
	chain_wait(r, on_gone, job);
}
