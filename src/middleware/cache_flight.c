/*
 * cache_flight.c - see cache_flight.h.
 */
#include "middleware/cache_flight.h"

#include "app/module.h"
#include "base/mem.h"

struct cache_flight {
	struct cache_entry *entry;
	struct list waiters;
	struct task task;
	bool lost;
};

static void tell(struct cache_waiter *w, bool again)
{
	cache_flight_leave(w);
	w->again = again;
	w->on_landed(w);
}

static void on_task(struct task *t)
{
	struct cache_flight *f = CONTAINER_OF(t, struct cache_flight, task);
	while (!list_empty(&f->waiters))
		tell(CONTAINER_OF(f->waiters.next, struct cache_waiter, node), f->lost);
	mem_free(f);
}

struct cache_flight *cache_flight_begin(struct cache_entry *e)
{
	struct cache_flight *f = mem_zalloc(sizeof(*f));
	f->entry = e;
	f->task.run = on_task;
	list_init(&f->waiters);
	e->flight = f;
	return f;
}

void cache_flight_land(struct cache_flight **flight, bool lost)
{
	struct cache_flight *f = *flight;
	if (!f)
		return;
	*flight = NULL;
	cache_store_landed(f->entry);
	f->entry = NULL;
	f->lost = lost;
	if (list_empty(&f->waiters))
		mem_free(f);
	else
		loop_defer(app_worker.loop, &f->task);
}

struct cache_entry *cache_flight_entry(const struct cache_flight *f)
{
	return f->entry;
}

static void on_due(struct timer *t)
{
	tell(CONTAINER_OF(t, struct cache_waiter, timer), false);
}

void cache_flight_wait(struct cache_flight *f, struct cache_waiter *w, uint64_t until_ms)
{
	list_append(&f->waiters, &w->node);
	w->timer.on_due = on_due;
	timer_set(app_worker.loop, &w->timer, until_ms);
}

void cache_flight_leave(struct cache_waiter *w)
{
	if (!w->node.next)
		return; /* has never waited */
	list_remove(&w->node);
	timer_clear(app_worker.loop, &w->timer);
}
