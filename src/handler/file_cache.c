/*
 * file_cache.c - see file_cache.h: a hash table with chains, and two lists in the order of use.
 *
 * A hit moves nothing: order is kept to the second, when an entry is confirmed, so that serving a
 * hot file costs a look into the table.
 */
#include "handler/file_cache.h"

#include "base/clock.h"
#include "base/mem.h"

#include <sys/random.h>

enum {
	PLACES_MIN = 64,
	PROVEN_SHARE = 80, /* percent of the entries that may be protected */
};

static struct {
	struct file_cache_limits limits;
	struct file_cache_use use;
	struct file_entry **places;
	uint64_t mask;
	struct list newcomers; /* latest first */
	struct list proven;
} cache;

static uint64_t seed[2];

unsigned file_cache_round;

void file_cache_init(const struct file_cache_limits *limits)
{
	file_cache_fini();
	uint64_t places = PLACES_MIN;
	while (places < limits->entries)
		places *= 2;
	cache.limits = *limits;
	cache.places = mem_zalloc(places * sizeof(struct file_entry *));
	cache.mask = places - 1;
	list_init(&cache.newcomers);
	list_init(&cache.proven);
}

static void drop_all(struct list *list)
{
	while (!list_empty(list))
		file_cache_drop(CONTAINER_OF(list->next, struct file_entry, node));
}

void file_cache_fini(void)
{
	if (!cache.places)
		return;
	drop_all(&cache.newcomers);
	drop_all(&cache.proven);
	mem_free(cache.places);
	cache.places = NULL;
}

void file_cache_doubt(void)
{
	file_cache_round++;
}

struct file_cache_use file_cache_use(void)
{
	return cache.use;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static void make_seed(void)
{
	if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) {
		seed[0] ^= clock_wall_ms() * 0x9e3779b97f4a7c15ULL;
		seed[1] ^= clock_mono_us();
	}
	seed[0] |= 1;
	seed[1] |= 1;
}

uint64_t file_cache_hash(unsigned files_id, struct slice path)
{
	if (!seed[0])
		make_seed();
	uint64_t h = seed[0] ^ path.len ^ ((uint64_t)files_id << 32);
	const char *p = path.ptr;
	for (size_t left = path.len; left > 0;) {
		uint64_t word = 0;
		size_t n = left < sizeof(word) ? left : sizeof(word);
		memcpy(&word, p, n);
		h = mix(h ^ word, seed[1]) + seed[0];
		p += n;
		left -= n;
	}
	return mix(h, seed[0] ^ (seed[1] << 1));
}

struct file_entry *file_cache_find(uint64_t hash, unsigned files_id, struct slice path)
{
	if (!cache.places)
		return NULL;
	struct file_entry *e = cache.places[hash & cache.mask];
	while (e && (e->hash != hash || e->files_id != files_id || !slice_eq(e->path, path)))
		e = e->next;
	return e;
}

static size_t bytes_of(const struct file_entry *e)
{
	return file_entry_size(e) + e->carried_bytes;
}

static unsigned descriptors_of(const struct file_entry *e)
{
	return (e->fd >= 0) + e->carried_descriptors;
}

static void leave_list(struct file_entry *e)
{
	cache.use.proven -= e->proven;
	e->proven = false;
	list_remove(&e->node);
}

void file_cache_drop(struct file_entry *e)
{
	if (!e->cached)
		return;
	struct file_entry **place = &cache.places[e->hash & cache.mask];
	while (*place != e)
		place = &(*place)->next;
	*place = e->next;
	leave_list(e);
	e->cached = false;
	cache.use.entries--;
	cache.use.bytes -= bytes_of(e);
	cache.use.descriptors -= descriptors_of(e);
	owner_release(&e->owner);
}

static bool over_limits(void)
{
	return cache.use.entries > cache.limits.entries || cache.use.bytes > cache.limits.bytes ||
	       cache.use.descriptors > cache.limits.descriptors;
}

static void make_room(void)
{
	while (over_limits()) {
		struct list *from = list_empty(&cache.newcomers) ? &cache.proven : &cache.newcomers;
		file_cache_drop(CONTAINER_OF(from->prev, struct file_entry, node));
	}
}

static void promote(struct file_entry *e)
{
	leave_list(e);
	e->proven = true;
	cache.use.proven++;
	list_prepend(&cache.proven, &e->node);
	if (cache.use.proven * 100ULL <= cache.limits.entries * (uint64_t)PROVEN_SHARE)
		return;
	struct file_entry *last = CONTAINER_OF(cache.proven.prev, struct file_entry, node);
	leave_list(last);
	list_prepend(&cache.newcomers, &last->node);
}

void file_cache_confirm(struct file_entry *e, uint64_t now_ms)
{
	e->checked_ms = now_ms;
	e->round = file_cache_round;
	if (e->cached && e->kind != FILE_MISSING)
		promote(e);
}

void file_cache_put(struct file_entry *e, uint64_t hash, uint64_t now_ms)
{
	e->checked_ms = now_ms;
	e->round = file_cache_round;
	if (!cache.places || e->kind == FILE_FAILED)
		return;
	struct file_entry *old = file_cache_find(hash, e->files_id, e->path);
	bool proven = old && old->proven;
	if (old)
		file_cache_drop(old);
	struct file_entry **place = &cache.places[hash & cache.mask];
	owner_hold(&e->owner);
	e->hash = hash;
	e->next = *place;
	*place = e;
	e->cached = true;
	cache.use.entries++;
	cache.use.bytes += bytes_of(e);
	cache.use.descriptors += descriptors_of(e);
	list_prepend(&cache.newcomers, &e->node);
	if (proven && e->kind != FILE_MISSING)
		promote(e); /* it changed, but it is the same path that people ask for */
	make_room();
}

void file_cache_carry(struct file_entry *e, size_t bytes, unsigned descriptors)
{
	if (e->cached) {
		cache.use.bytes += bytes - e->carried_bytes;
		cache.use.descriptors += descriptors - e->carried_descriptors;
	}
	e->carried_bytes = bytes;
	e->carried_descriptors = descriptors;
	if (e->cached)
		make_room();
}
