/*
 * route_index.c - see route_index.h. Made once a worker, read for each request by route.c.
 *
 * One table has an entry for each literal path and for each directory, found by a hash that is
 * carried along the path: one pass over it looks up all of its directories. Paths come from peers,
 * but what stands in the table does not, and a peer can only meet what is there.
 */
#include "app/route_index.h"

#include <stdint.h>

enum { FNV_START = 0x811c9dc5, FNV_PRIME = 0x01000193 };

struct run { /* of route_index.order, ascending */
	unsigned first;
	unsigned count;
};

struct entry {
	struct slice text; /* a literal path or a directory with its slash; ptr NULL: free */
	struct run exact;  /* literals */
	struct run below;  /* the others */
};

struct route_index {
	struct entry *entries; /* mask + 1, at least half of them free */
	unsigned mask;
	unsigned *order;
	size_t longest; /* of the texts: nothing is looked for behind it */
};

static uint32_t hash_step(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * (uint32_t)FNV_PRIME;
}

static uint32_t hash_of(struct slice text)
{
	uint32_t hash = FNV_START;
	for (size_t i = 0; i < text.len; i++)
		hash = hash_step(hash, text.ptr[i]);
	return hash;
}

static struct entry *find(const struct route_index *index, uint32_t hash, struct slice text)
{
	unsigned i = (hash ^ hash >> 16) & index->mask;
	while (index->entries[i].text.ptr && !slice_eq(index->entries[i].text, text))
		i = (i + 1) & index->mask;
	return &index->entries[i];
}

/* Up to the last slash of what is fixed, or the last that the index knows. */
static struct slice directory_of(const struct route_pattern *p)
{
	size_t len = 0;
	unsigned slashes = 0;
	for (size_t i = 0; i < p->text.len && slashes < ROUTE_INDEX_DEPTH; i++) {
		bool slash = p->text.ptr[i] == '/';
		slashes += slash;
		len = slash ? i + 1 : len;
	}
	return len ? slice_head(p->text, len) : SLICE("/");
}

/* The run that a route belongs to. */
static struct run *run_of(struct route_index *index, const struct route_pattern *p)
{
	bool literal = p->kind == PATTERN_LITERAL;
	struct slice text = literal ? p->text : directory_of(p);
	struct entry *e = find(index, hash_of(text), text);
	e->text = text;
	index->longest = text.len > index->longest ? text.len : index->longest;
	return literal ? &e->exact : &e->below;
}

/* Each run's place in `order`: room for as many as were counted, which are counted anew as they are
 * put there. */
static void place_run(struct run *run, unsigned *at)
{
	run->first = *at;
	*at += run->count;
	run->count = 0;
}

struct route_index *route_index_new(const struct route *routes, unsigned count, struct arena *a)
{
	struct route_index *index = arena_zalloc(a, sizeof(*index));
	unsigned places = 8, at = 0;
	while (places < count * 2)
		places *= 2;
	index->mask = places - 1;
	index->entries = arena_zalloc(a, places * sizeof(*index->entries));
	index->order = arena_alloc(a, (count + 1) * sizeof(*index->order));
	for (unsigned i = 0; i < count; i++)
		run_of(index, routes[i].compiled)->count++;
	for (unsigned i = 0; i < places; i++) {
		place_run(&index->entries[i].exact, &at);
		place_run(&index->entries[i].below, &at);
	}
	for (unsigned i = 0; i < count; i++) {
		struct run *run = run_of(index, routes[i].compiled);
		index->order[run->first + run->count++] = i;
	}
	return index;
}

static void add_run(struct route_walk *w, const struct route_index *index, const struct run *run)
{
	const unsigned *first = index->order + run->first;
	if (run->count > 0)
		w->lists[w->count++] = (struct route_walk_list){ first, first + run->count };
}

void route_walk_start(struct route_walk *w, const struct route_index *index, struct slice path)
{
	uint32_t hash = FNV_START;
	unsigned slashes = 0;
	w->count = 0;
	for (size_t i = 0; i < path.len && i < index->longest; i++) {
		hash = hash_step(hash, path.ptr[i]);
		if (path.ptr[i] != '/' || slashes++ >= ROUTE_INDEX_DEPTH)
			continue;
		const struct entry *e = find(index, hash, slice_head(path, i + 1));
		add_run(w, index, &e->below);
	}
	if (path.len <= index->longest)
		add_run(w, index, &find(index, hash, path)->exact);
}

int route_walk_next(struct route_walk *w)
{
	struct route_walk_list *least = NULL;
	for (unsigned i = 0; i < w->count; i++) {
		struct route_walk_list *list = &w->lists[i];
		if (list->next < list->end && (!least || *list->next < *least->next))
			least = list;
	}
	return least ? (int)*least->next++ : -1;
}
