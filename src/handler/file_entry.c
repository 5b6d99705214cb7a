/*
 * file_entry.c - makes an entry of the cache: what was found, and what goes out with it.
 */
#include "handler/file_entry.h"

#include "base/clock.h"
#include "base/mem.h"
#include "handler/file_variant.h"

#include <unistd.h>

enum {
	/* Times of files come from a clock that ticks at least every 10 ms; two ticks, to be safe.
	 */
	RACY_MS = 20,
};

static void on_last(struct owner *o)
{
	struct file_entry *e = CONTAINER_OF(o, struct file_entry, owner);
	if (e->fd >= 0)
		close(e->fd);
	mem_free((char *)e->body.ptr);
	file_variants_free(&e->variants);
	file_head_fini(&e->head);
	mem_free(e);
}

static struct slice last_part(struct slice path)
{
	ptrdiff_t slash = slice_find_last(path, '/');
	return slash < 0 ? path : slice_tail(path, (size_t)slash + 1);
}

/* SVG that is compressed in its file: the one type that browsers take only with its coding told. */
static bool is_packed(struct slice name)
{
	struct slice suffix = SLICE(".svgz");
	return name.len > suffix.len &&
	       slice_eq_ci(slice_tail(name, name.len - suffix.len), suffix);
}

static void make_head(struct file_entry *e, bool packed)
{
	struct file_facts facts = {
		.stamp = &e->stamp,
		.type = e->type,
		.cache_control = e->cache_control,
		.varies = e->varies,
		.packed = packed,
	};
	file_head_make(&e->head, &facts);
}

static void make_regular(struct file_entry *e, const struct files *f, struct file_found *found)
{
	uint64_t modified_ms = (uint64_t)found->stamp.modified.tv_sec * 1000 +
			       (uint64_t)found->stamp.modified.tv_nsec / 1000000;
	e->stamp = found->stamp;
	e->index = found->index;
	e->racy = clock_wall_ms() < modified_ms + RACY_MS;
	struct slice name = e->index ? slice_str(e->index) : last_part(e->path);
	e->type = media_find(f->types, name);
	e->cache_control = file_age_of(&f->ages, name, e->type);
	e->fd = found->fd;
	found->fd = -1;
	if (found->body || e->stamp.size == 0) {
		e->body = slice_of(found->body, (size_t)e->stamp.size);
		found->body = NULL;
		close(e->fd);
		e->fd = -1;
	}
	bool packed = is_packed(name);
	e->varies = (f->precompressed || f->compress.enabled) && e->stamp.size > 0 && !packed &&
		    compress_suits(&f->compress, e->type);
	make_head(e, packed);
}

struct file_entry *file_entry_new(
    const struct files *f, struct slice path, struct file_found *found)
{
	struct file_entry *e = mem_zalloc(sizeof(*e) + path.len + 1);
	char *copy = (char *)(e + 1);
	memcpy(copy, path.ptr ? path.ptr : "", path.len);
	e->owner = (struct owner){ .refs = 1, .on_last = on_last };
	list_init(&e->node);
	e->files_id = f->id;
	e->path = slice_of(copy, path.len);
	e->kind = found->kind;
	e->error = found->error;
	e->fd = -1;
	if (e->kind == FILE_REGULAR)
		make_regular(e, f, found);
	file_found_fini(found);
	return e;
}

bool file_entry_holds(const struct file_entry *e, const struct file_found *found)
{
	if (e->kind != found->kind)
		return false;
	if (e->kind != FILE_REGULAR)
		return e->kind != FILE_FAILED;
	return !e->racy && e->index == found->index && file_stamp_equal(&e->stamp, &found->stamp);
}

size_t file_entry_size(const struct file_entry *e)
{
	return sizeof(*e) + e->path.len + e->head.full.text.len + e->body.len;
}
