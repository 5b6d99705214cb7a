/*
 * route_index.h - which of a site's routes can have a path at all, in the order of writing.
 *
 * A literal route is found by its whole path; one with a parameter, a star or an expression stands
 * with the directory that its fixed beginning lies in. So what is tried for a path are the routes
 * that say this very path, and those with something open in the directories above it; how many
 * others there are does not matter.
 */
#ifndef APP_ROUTE_INDEX_H
#define APP_ROUTE_INDEX_H

#include "app/route.h"

struct route_index;

/* Borrows the routes; all of it is in the arena. */
struct route_index *route_index_new(const struct route *routes, unsigned count, struct arena *a);

/* Routes of deeper directories stand with the one of this depth: a path can have thousands of
 * slashes, and each costs a look. */
enum { ROUTE_INDEX_DEPTH = 8 };

struct route_walk {
	struct route_walk_list {
		const unsigned *next;
		const unsigned *end;
	} lists[ROUTE_INDEX_DEPTH + 1];
	unsigned count;
};

void route_walk_start(struct route_walk *w, const struct route_index *index, struct slice path);
/* The next that can match, in the order of writing; -1 after the last. */
int route_walk_next(struct route_walk *w);

#endif
