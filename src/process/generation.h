/*
 * generation.h - the workers of one configuration: started, watched, replaced, drained.
 *
 * A generation starts, serves, drains and is gone when its last worker is. Within it each group of
 * workers has posts, numbered from 1; a post is filled by one child at a time. It knows neither
 * reloads nor signals: master.c and reload.c say when.
 */
#ifndef PROCESS_GENERATION_H
#define PROCESS_GENERATION_H

#include "base/list.h"
#include "process/child.h"
#include "process/errorlog.h"
#include "process/heritage.h"
#include "process/throttle.h"

enum {
	GENERATION_READY_MS = CHILD_READY_MS,
	GENERATION_POSTS = SCORE_SLOTS / 2,
	GENERATION_EARLY_DEATHS = 3, /* before it was ready: once may be bad luck */
};

enum generation_state { GENERATION_STARTING, GENERATION_SERVING, GENERATION_DRAINING };

struct crew {
	const struct worker_group *group;
	unsigned index;                /* of the group */
	void *opened;                  /* by group->open */
	struct listener_set listeners; /* this group's: a view of the generation's */
	struct post posts[GENERATION_POSTS];
	unsigned wanted; /* posts in use */
};

struct generation {
	struct list node; /* the master's, oldest first */
	unsigned id;
	enum generation_state state;
	struct snapshot *snapshot;
	struct listener_set listeners; /* owned; empty once it drains */
	struct errorlog log;
	struct crew *crews;
	size_t crew_count;
	struct list children;
	uint64_t deadline_ms; /* starting: must be ready by then */
	unsigned early_deaths;
};

/* What all children inherit alike. */
struct generation_context {
	struct scoreboard *board;
	const struct privileges *privileges;
	bool detach;
};

struct generation *generation_new(unsigned id, struct snapshot *snapshot); /* takes the reference */
/* It must have no children. Closes neither listeners nor their files. */
void generation_free(struct generation **g);

/* Adds a group whose listeners are the `count` specs from `first` on of those that
 * generation.listeners was opened with. */
struct generation_specs {
	size_t first;
	size_t count;
};
void generation_add_crew(struct generation *g, size_t index, const struct worker_group *group,
    struct generation_specs specs);

/* Starts what is due. ERR_FULL when the scoreboard has no room: whoever drains must go first. */
int generation_spawn(struct generation *g, const struct generation_context *context);
/* Reads what the workers say. */
void generation_read(struct generation *g);
/* Does what time demands: kills, cuts. */
void generation_expire(struct generation *g, uint64_t now_ms);
/* The next moment when spawn or expire have something to do; UINT64_MAX without. */
uint64_t generation_next_ms(const struct generation *g);

bool generation_ready(const struct generation *g);   /* each post's child accepts */
bool generation_settled(const struct generation *g); /* drains, and no child accepts any more */

struct child *generation_find(const struct generation *g, pid_t pid);
/* The child has ended: logs how, frees it and its slot, sees to its post. */
void generation_bury(
    struct generation *g, struct child *child, int status, struct scoreboard *board);

/* All children finish what they have, within timeouts.drain (`stop`: nobody follows); no more are
 * started. */
void generation_drain(struct generation *g, bool stop);
/* All children end now. */
void generation_cut(struct generation *g);

/* One worker of the first group more, or fewer. ERR_FULL, ERR_RANGE at the bounds. */
MUST_CHECK int generation_more(struct generation *g);
MUST_CHECK int generation_fewer(struct generation *g);

/* Tells every child the descriptors of reopened logs. */
void generation_send_logs(struct generation *g);

unsigned generation_count(const struct generation *g, enum child_state state);

#endif
