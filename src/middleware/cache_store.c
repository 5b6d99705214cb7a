/*
 * cache_store.c - see cache_store.h: a hash table with chains, and two lists in the order of use.
 */
#include "middleware/cache_store.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/siphash.h"

#include <sys/random.h>

enum {
	PLACES_MIN = 64,
	PROVEN_SHARE = 80, /* percent of the entries and of the bytes that may be protected */
	/* Of one address: languages, codings and the like. What a client can vary at will fills no
	 * more than this. */
	ANSWERS_MAX = 16,
	/* A hit moves its entry only now and then: order is kept to the second. */
	MOVE_MS = 1000,
	COLLECT_SHARE = 50, /* percent of the bytes that may be in collection */
};

static struct {
	struct cache_store_limits limits;
	struct cache_entry **places;
	uint64_t mask;
	uint64_t secret[2];
	struct list newcomers; /* latest first */
	struct list proven;
	size_t entries, bytes;
	size_t proven_entries, proven_bytes;
	size_t collecting;
} store;

static void make_secret(void)
{
	if (getrandom(store.secret, sizeof(store.secret), GRND_NONBLOCK) == sizeof(store.secret))
		return;
	store.secret[0] ^= clock_wall_ms() * 0x9e3779b97f4a7c15ULL;
	store.secret[1] ^= clock_mono_us();
}

void cache_store_init(const struct cache_store_limits *limits)
{
	uint64_t places = PLACES_MIN;
	while (places < limits->entries)
		places *= 2;
	store.limits = *limits;
	store.places = mem_zalloc(places * sizeof(*store.places));
	store.mask = places - 1;
	list_init(&store.newcomers);
	list_init(&store.proven);
	make_secret();
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static void on_body_unused(struct owner *o)
{
	mem_free(CONTAINER_OF(o, struct cache_body, owner));
}

struct cache_body *cache_body_new(struct slice bytes)
{
	struct cache_body *body = mem_alloc(sizeof(*body) + bytes.len);
	body->owner = (struct owner){ .refs = 1, .on_last = on_body_unused };
	body->len = bytes.len;
	if (bytes.len)
		memcpy(body->bytes, bytes.ptr, bytes.len);
	return body;
}

struct slice cache_selecting_value(struct request *r, struct slice name)
{
	struct slice value = SLICE_NONE;
	for (unsigned i = 0; i < r->fields.count; i++) {
		const struct field *f = &r->fields.list[i];
		if (!slice_eq_ci(f->name, name))
			continue;
		value = value.ptr ? slice_str(arena_printf(&r->arena, SLICE_FMT ", " SLICE_FMT,
					SLICE_ARG(value), SLICE_ARG(f->value)))
				  : slice_of(f->value.ptr ? f->value.ptr : "", f->value.len);
	}
	return value;
}

static bool same_value(const struct field *selected, struct request *r)
{
	struct slice value = cache_selecting_value(r, selected->name);
	return !value.ptr == !selected->value.ptr && slice_eq(value, selected->value);
}

static bool was_given_to(const struct cached *c, struct request *r)
{
	for (unsigned i = 0; i < c->selected_count; i++)
		if (!same_value(&c->selected[i], r))
			return false;
	return true;
}

struct cached *cache_store_select(const struct cache_entry *e, struct request *r)
{
	LIST_EACH (node, &e->answers) {
		struct cached *c = CONTAINER_OF(node, struct cached, node);
		if (was_given_to(c, r))
			return c;
	}
	return NULL;
}

static bool same_request(const struct cached *a, const struct cached *b)
{
	if (a->selected_count != b->selected_count)
		return false;
	for (unsigned i = 0; i < a->selected_count; i++) {
		const struct field *x = &a->selected[i], *y = &b->selected[i];
		if (!slice_eq_ci(x->name, y->name) || !x->value.ptr != !y->value.ptr ||
		    !slice_eq(x->value, y->value))
			return false;
	}
	return true;
}

/* ---- entries ----------------------------------------------------------------------------------
 */

static struct cache_entry **place_of(uint64_t hash)
{
	return &store.places[hash & store.mask];
}

struct cache_entry *cache_store_find(struct slice key)
{
	uint64_t hash = siphash(store.secret, key);
	struct cache_entry *e = *place_of(hash);
	while (e && (e->hash != hash || !slice_eq(e->key, key)))
		e = e->next;
	return e;
}

static void leave_list(struct cache_entry *e)
{
	store.proven_entries -= e->proven;
	store.proven_bytes -= e->proven ? e->bytes : 0;
	e->proven = false;
	list_remove(&e->node);
}

static void drop_answer(struct cache_entry *e, struct cached *c)
{
	e->bytes -= c->bytes;
	store.bytes -= c->bytes;
	store.proven_bytes -= e->proven ? c->bytes : 0;
	list_remove(&c->node);
	owner_release(&c->owner);
}

static void drop_answers(struct cache_entry *e)
{
	while (!list_empty(&e->answers))
		drop_answer(e, CONTAINER_OF(e->answers.next, struct cached, node));
}

static size_t own_bytes(const struct cache_entry *e)
{
	return sizeof(*e) + e->key.len;
}

static void drop(struct cache_entry *e)
{
	struct cache_entry **place = place_of(e->hash);
	drop_answers(e);
	leave_list(e);
	while (*place != e)
		place = &(*place)->next;
	*place = e->next;
	store.entries--;
	store.bytes -= own_bytes(e);
	mem_free(e);
}

static void drop_if_unused(struct cache_entry *e)
{
	if (!e->flight && !e->barren_ms && list_empty(&e->answers))
		drop(e);
}

static bool over_limits(void)
{
	return store.entries > store.limits.entries || store.bytes > store.limits.bytes;
}

static bool too_many_proven(void)
{
	return store.proven_entries * 100 > store.limits.entries * PROVEN_SHARE ||
	       store.proven_bytes > store.limits.bytes / 100 * PROVEN_SHARE;
}

/* The one that was not used for longest and that nobody is asking for. */
static struct cache_entry *last_of(const struct list *list)
{
	for (struct list *node = list->prev; node != list; node = node->prev) {
		struct cache_entry *e = CONTAINER_OF(node, struct cache_entry, node);
		if (!e->flight)
			return e;
	}
	return NULL;
}

static void make_room(void)
{
	while (over_limits()) {
		struct cache_entry *e = last_of(&store.newcomers);
		if (!e)
			e = last_of(&store.proven);
		if (!e)
			return; /* each is being asked for: as many as there are requests */
		drop(e);
	}
}

static struct cache_entry *entry_new(struct slice key)
{
	struct cache_entry *e = mem_zalloc(sizeof(*e) + key.len);
	memcpy(e->text, key.ptr, key.len);
	e->key = slice_of(e->text, key.len);
	e->hash = siphash(store.secret, key);
	list_init(&e->node);
	list_init(&e->answers);
	struct cache_entry **place = place_of(e->hash);
	e->next = *place;
	*place = e;
	list_prepend(&store.newcomers, &e->node);
	store.entries++;
	store.bytes += own_bytes(e);
	return e;
}

struct cache_entry *cache_store_take(struct slice key)
{
	struct cache_entry *e = cache_store_find(key);
	if (e)
		return e;
	store.entries++; /* room for one more, before it is there */
	make_room();
	store.entries--;
	return entry_new(key);
}

/* The last of the protected have to prove themselves again. */
static void demote(void)
{
	while (too_many_proven()) {
		struct cache_entry *e = CONTAINER_OF(store.proven.prev, struct cache_entry, node);
		leave_list(e);
		list_prepend(&store.newcomers, &e->node);
	}
}

void cache_store_used(struct cache_entry *e, uint64_t now_ms)
{
	if (e->proven && now_ms - e->used_ms < MOVE_MS)
		return;
	leave_list(e);
	e->used_ms = now_ms;
	e->proven = true;
	store.proven_entries++;
	store.proven_bytes += e->bytes;
	list_prepend(&store.proven, &e->node);
	demote();
}

static void replace_same(struct cache_entry *e, const struct cached *c)
{
	unsigned count = 0;
	LIST_EACH_SAFE (node, &e->answers) {
		struct cached *old = CONTAINER_OF(node, struct cached, node);
		/* Vary may have changed: the latest one says what counts now (section 4.1). */
		if (same_request(old, c) || !slice_eq(old->vary, c->vary) || ++count >= ANSWERS_MAX)
			drop_answer(e, old);
	}
}

void cache_store_add(struct cache_entry *e, struct cached *c)
{
	if (e->purged) {
		owner_release(&c->owner);
		return;
	}
	replace_same(e, c);
	list_prepend(&e->answers, &c->node);
	e->barren_ms = 0;
	e->bytes += c->bytes;
	store.bytes += c->bytes;
	store.proven_bytes += e->proven ? c->bytes : 0;
	demote();
	make_room();
}

void cache_store_forget(struct cache_entry *e)
{
	drop_answers(e);
	e->purged = e->flight;
	drop_if_unused(e);
}

void cache_store_remove(struct cache_entry *e, struct cached *c)
{
	LIST_EACH_SAFE (node, &e->answers)
		if (node == &c->node)
			drop_answer(e, c);
	drop_if_unused(e);
}

void cache_store_mark_barren(struct cache_entry *e, uint64_t until_ms)
{
	e->barren_ms = until_ms;
}

void cache_store_landed(struct cache_entry *e)
{
	e->flight = NULL;
	e->purged = false;
	drop_if_unused(e);
}

bool cache_store_collect(size_t bytes)
{
	if (store.collecting + bytes > store.limits.bytes / 100 * COLLECT_SHARE)
		return false;
	store.collecting += bytes;
	return true;
}

void cache_store_collected(size_t bytes)
{
	store.collecting -= bytes;
}

void cache_store_fini(void)
{
	while (!list_empty(&store.newcomers))
		drop(CONTAINER_OF(store.newcomers.next, struct cache_entry, node));
	while (!list_empty(&store.proven))
		drop(CONTAINER_OF(store.proven.next, struct cache_entry, node));
	mem_free(store.places);
	store.places = NULL;
}
