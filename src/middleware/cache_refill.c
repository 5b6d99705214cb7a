/*
 * cache_refill.c - see cache_refill.h.
 */
#include "middleware/cache_refill.h"

#include "app/inner.h"
#include "app/module.h"
#include "base/mem.h"
#include "middleware/cache_flight.h"
#include "middleware/cache_rules.h"

enum {
	REFILLS_MAX = 64, /* more would be a load of its own; others ask themselves meanwhile */
	REFILL_MS = 30000,
};

struct refill {
	struct list node;
	const struct cache_settings *settings;
	struct inner *inner;
	struct cache_flight *flight;
	struct cached *stale; /* a reference */
};

static struct list refills = { &refills, &refills };
static unsigned running;

static void refill_free(struct refill *f, bool lost)
{
	list_remove(&f->node);
	running--;
	cache_flight_land(&f->flight, lost);
	inner_free(&f->inner);
	owner_release(&f->stale->owner);
	mem_free(f);
}

static struct cached *answer_of(struct refill *f)
{
	struct request *r = inner_request(f->inner);
	struct cache_terms terms;
	if (r->response.status == 304)
		return cached_confirmed(r, f->settings, f->stale);
	if (!cache_may_keep(r, f->settings, &terms))
		return NULL;
	struct cached *c = cached_new(r, f->settings, &terms);
	struct cache_body *body = cache_body_new(inner_content(f->inner));
	cached_set_body(c, body);
	owner_release(&body->owner);
	return c;
}

/* An error, or a failure on the way, leaves what there is. */
static void on_end(struct inner *inner, int result, void *ctx)
{
	struct refill *f = ctx;
	struct cache_entry *e = cache_flight_entry(f->flight);
	bool failed = result < 0 || inner_request(inner)->response.status >= 500;
	struct cached *c = failed ? NULL : answer_of(f);
	if (c)
		cache_store_add(e, c);
	else if (!failed)
		cache_store_remove(e, f->stale);
	refill_free(f, failed);
}

static void add(struct request *r, enum field_id id, struct slice name, struct slice value)
{
	if (value.ptr)
		fields_add(&r->fields, &r->arena, id, name, arena_dup(&r->arena, value));
}

static void add_conditions(struct request *r, const struct cached *c)
{
	struct fields f = { .list = c->fields, .count = c->field_count };
	add(r, FIELD_IF_NONE_MATCH, SLICE("If-None-Match"), fields_get_name(&f, SLICE("ETag")));
	add(r, FIELD_IF_MODIFIED_SINCE, SLICE("If-Modified-Since"),
	    fields_get_name(&f, SLICE("Last-Modified")));
}

int cache_refill(struct cache_entry *e, struct cached *stale, const struct request *r,
    const struct cache_settings *s)
{
	if (e->flight)
		return OK;
	if (running == REFILLS_MAX || !app_worker.loop)
		return ERR_FULL;
	struct refill *f = mem_zalloc(sizeof(*f));
	struct inner_spec spec = { r, (size_t)s->object_size, REFILL_MS, on_end, f };
	f->settings = s;
	f->stale = stale;
	owner_hold(&stale->owner);
	f->flight = cache_flight_begin(e);
	f->inner = inner_new(&spec);
	list_append(&refills, &f->node);
	running++;
	add_conditions(inner_request(f->inner), stale);
	inner_ask(f->inner);
	return OK;
}

void cache_refill_give_up_all(void)
{
	LIST_EACH_SAFE (node, &refills)
		refill_free(CONTAINER_OF(node, struct refill, node), true);
}
