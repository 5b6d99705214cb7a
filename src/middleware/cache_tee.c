/*
 * cache_tee.c - see cache_tee.h. What is in collection counts as memory of the store.
 */
#include "middleware/cache_tee.h"

#include "base/buf.h"
#include "middleware/cache_store.h"

enum { PIECE = 16 << 10 };

struct tee {
	struct source source;
	struct request *request;
	struct source *inner;
	struct outq pulled;
	struct buf content;
	cache_tee_fn fn; /* NULL: called */
	void *ctx;
	size_t counted;
};

static void tell(struct tee *t, enum cache_tee_end end)
{
	cache_tee_fn fn = t->fn;
	t->fn = NULL;
	if (fn)
		fn(t->ctx, end, buf_peek(&t->content));
	cache_store_collected(t->counted);
	t->counted = 0;
	buf_fini(&t->content);
}

static bool add(struct tee *t, struct slice bytes)
{
	if (!cache_store_collect(bytes.len))
		return false;
	t->counted += bytes.len;
	return buf_append(&t->content, bytes) == OK;
}

static bool copy_all(struct tee *t, struct outq *q)
{
	static char piece[PIECE];
	while (!outq_empty(&t->pulled)) {
		ssize_t n = outq_read(&t->pulled, piece, sizeof(piece));
		if (n < 0)
			return false;
		struct slice bytes = slice_of(piece, (size_t)n);
		outq_copy(q, bytes);
		if (t->fn && !add(t, bytes))
			tell(t, TEE_TOO_MUCH);
	}
	return true;
}

static bool is_whole(const struct tee *t)
{
	int64_t length = t->request->response.length;
	return length < 0 || (uint64_t)length == t->content.len;
}

static enum pull pull(struct source *source, struct outq *q, size_t max)
{
	struct tee *t = CONTAINER_OF(source, struct tee, source);
	if (!t->fn)
		return t->inner->ops->pull(t->inner, q, max);
	enum pull result = t->inner->ops->pull(t->inner, &t->pulled, max);
	if (result == PULL_ERROR || !copy_all(t, q))
		return PULL_ERROR;
	if (t->fn && result == PULL_END)
		tell(t, is_whole(t) ? TEE_WHOLE : TEE_LOST);
	return result;
}

static void on_close(struct source *source)
{
	struct tee *t = CONTAINER_OF(source, struct tee, source);
	tell(t, TEE_LOST);
	outq_clear(&t->pulled);
	t->inner->ops->close(t->inner);
}

static const struct source_ops tee_ops = { .pull = pull, .close = on_close };

void cache_tee(struct request *r, size_t max, cache_tee_fn fn, void *ctx)
{
	struct tee *t = arena_zalloc(&r->arena, sizeof(*t));
	t->source.ops = &tee_ops;
	t->request = r;
	t->inner = r->response.source;
	t->fn = fn;
	t->ctx = ctx;
	buf_init(&t->content, max);
	r->response.source = &t->source;
}
