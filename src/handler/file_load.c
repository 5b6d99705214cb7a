/*
 * file_load.c - see file_load.h. The one place where the cache, the file system and the thread pool
 * meet.
 */
#include "handler/file_load.h"

#include "app/module.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/scoreboard.h"
#include "event/loop.h"
#include "event/offload.h"
#include "handler/file_cache.h"

#include <errno.h>
#include <limits.h>

/* One path that a thread looks at. */
struct load {
	struct offload_job job;
	struct list node; /* in `loads` */
	struct list waiters;
	const struct files *files;
	struct slice path; /* NUL-terminated; behind the struct */
	uint64_t hash;
	unsigned round; /* of the cache, when it began */
	struct file_found found;
};

static struct list loads = { &loads, &loads };

uint64_t file_load_clock_ms(void)
{
	return app_worker.loop ? loop_now_ms(app_worker.loop) : clock_mono_ms();
}

/* Consumes `found`. A reference for the caller. */
static struct file_entry *settle(
    const struct files *f, struct slice path, uint64_t hash, struct file_found *found)
{
	struct file_entry *e = file_cache_find(hash, f->id, path);
	if (e && file_entry_holds(e, found)) {
		file_found_fini(found);
		owner_hold(&e->owner);
		file_cache_confirm(e, file_load_clock_ms());
		return e;
	}
	e = file_entry_new(f, path, found);
	file_cache_put(e, hash, file_load_clock_ms());
	return e;
}

/* Off the path of hot files: it has room for a path on its stack. */
static __attribute__((noinline)) struct file_entry *load_now(
    const struct files *f, struct slice path, uint64_t hash)
{
	char name[PATH_MAX];
	struct file_found found = { .fd = -1 }; /* a path that is too long is missing */
	if (path.len < sizeof(name)) {
		memcpy(name, path.ptr ? path.ptr : "", path.len);
		name[path.len] = '\0';
		if (file_find(f, name, !app_worker.pool, &found) == ERR_AGAIN)
			return NULL;
	}
	return settle(f, path, hash, &found);
}

struct file_entry *file_load_now(const struct files *f, struct slice path)
{
	uint64_t hash = file_cache_hash(f->id, path);
	struct file_entry *e = file_cache_find(hash, f->id, path);
	bool fresh = e && file_cache_fresh(e, file_load_clock_ms());
	score_add(&score_self()->file_cache[fresh], 1);
	if (!fresh)
		return load_now(f, path, hash);
	owner_hold(&e->owner);
	return e;
}

static void on_work(struct offload_job *j)
{
	struct load *load = CONTAINER_OF(j, struct load, job);
	if (file_find(load->files, load->path.ptr, true, &load->found) < 0)
		load->found = (struct file_found){ .fd = -1, .kind = FILE_FAILED, .error = EBUSY };
}

static void on_read(struct offload_job *j)
{
	struct load *load = CONTAINER_OF(j, struct load, job);
	struct file_entry *e = settle(load->files, load->path, load->hash, &load->found);
	if (load->round != file_cache_round)
		e->checked_ms = 0; /* for those who asked before, not for the next ones */
	list_remove(&load->node);
	while (!list_empty(&load->waiters)) {
		struct file_waiter *w = CONTAINER_OF(load->waiters.next, struct file_waiter, node);
		list_remove(&w->node);
		chain_came_back(w->request);
		w->on_loaded(w, e);
	}
	owner_release(&e->owner);
	mem_free(load);
}

static struct load *find_load(uint64_t hash, const struct files *f, struct slice path)
{
	LIST_EACH (node, &loads) {
		struct load *load = CONTAINER_OF(node, struct load, node);
		if (load->hash == hash && load->round == file_cache_round && load->files == f &&
		    slice_eq(load->path, path))
			return load;
	}
	return NULL;
}

static struct load *load_new(uint64_t hash, const struct files *f, struct slice path)
{
	struct load *load = mem_zalloc(sizeof(*load) + path.len + 1);
	char *copy = (char *)(load + 1);
	memcpy(copy, path.ptr ? path.ptr : "", path.len);
	load->path = slice_of(copy, path.len);
	load->hash = hash;
	load->round = file_cache_round;
	load->files = f;
	load->job.work = on_work;
	load->job.done = on_read;
	list_init(&load->waiters);
	list_append(&loads, &load->node);
	return load;
}

static void on_gone(struct request *r, void *ctx)
{
	struct file_waiter *w = ctx;
	(void)r;
	list_remove(&w->node);
}

int file_load_wait(struct file_waiter *w, struct slice path)
{
	uint64_t hash = file_cache_hash(w->files->id, path);
	struct load *load = find_load(hash, w->files, path);
	if (!load) {
		load = load_new(hash, w->files, path);
		if (offload_submit(app_worker.pool, &load->job) < 0) {
			list_remove(&load->node);
			mem_free(load);
			return ERR_FULL;
		}
	}
	list_append(&load->waiters, &w->node);
	chain_wait(w->request, on_gone, w);
	return OK;
}
