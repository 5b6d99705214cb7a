/*
 * file_variant.c - see file_variant.h.
 */
#include "handler/file_variant.h"

#include "base/mem.h"
#include "handler/file_cache.h"

static void on_last(struct owner *o)
{
	struct file_variant *v = CONTAINER_OF(o, struct file_variant, owner);
	if (v->sibling)
		owner_release(&v->sibling->owner);
	mem_free((char *)v->body.ptr);
	file_head_fini(&v->head);
	mem_free(v);
}

static void release(struct file_variant *v)
{
	if (v)
		owner_release(&v->owner);
}

struct file_variants *file_variants_of(struct file_entry *e)
{
	if (!e->variants)
		e->variants = mem_zalloc(sizeof(*e->variants));
	return e->variants;
}

void file_variants_free(struct file_variants **v)
{
	if (!*v)
		return;
	for (int c = 0; c < CODING_COUNT; c++) {
		release((*v)->of[c].sibling);
		release((*v)->of[c].made);
	}
	mem_free(*v);
	*v = NULL;
}

/* A sibling counts where it is held, and once more in its own right: it may stay open here when the
 * cache has let go of it. */
static void weigh(struct file_entry *e)
{
	size_t bytes = sizeof(*e->variants);
	unsigned descriptors = 0;
	for (int c = 0; c < CODING_COUNT; c++) {
		const struct file_variant *made = e->variants->of[c].made;
		const struct file_variant *sibling = e->variants->of[c].sibling;
		if (made)
			bytes += sizeof(*made) + made->head.full.text.len + made->body.len;
		if (sibling) {
			bytes += sizeof(*sibling) + file_entry_size(sibling->sibling);
			descriptors += sibling->sibling->fd >= 0;
		}
	}
	file_cache_carry(e, bytes, descriptors);
}

static struct file_variant *variant_new(
    const struct file_entry *e, enum coding c, const struct file_stamp *stamp)
{
	struct file_variant *v = mem_zalloc(sizeof(*v));
	struct file_facts facts = {
		.stamp = stamp,
		.type = e->type,
		.cache_control = e->cache_control,
		.coding = c,
		.varies = true,
	};
	v->owner = (struct owner){ .refs = 1, .on_last = on_last };
	file_head_make(&v->head, &facts);
	return v;
}

void file_variant_set_sibling(struct file_entry *e, enum coding c, struct file_entry *sibling)
{
	struct file_variants *variants = file_variants_of(e);
	struct file_variant *old = variants->of[c].sibling, *v = NULL;
	if (old ? old->sibling == sibling : !sibling)
		return;
	if (sibling) {
		v = variant_new(e, c, &sibling->stamp);
		v->sibling = sibling;
		owner_hold(&sibling->owner);
	}
	variants->of[c].sibling = v;
	weigh(e);
	release(old);
}

struct file_variant *file_variant_set_made(struct file_entry *e, enum coding c, struct slice bytes)
{
	struct file_variants *variants = file_variants_of(e);
	struct file_variant *old = variants->of[c].made;
	struct file_variant *v = variant_new(e, c, &e->stamp);
	v->body = bytes;
	variants->of[c].made = v;
	weigh(e);
	release(old);
	return v;
}
