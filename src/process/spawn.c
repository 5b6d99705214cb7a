/*
 * spawn.c - see spawn.h.
 */
#include "process/spawn.h"

#include "base/clock.h"
#include "process/channel.h"
#include "process/worker.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void fill_slot(const struct heritage *h)
{
	/* The board hands slots out for reading; the master is the one who labels them. */
	struct score_slot *slot = (struct score_slot *)score_at(h->slot);
	atomic_store(&slot->generation, h->generation);
	atomic_store(&slot->group, h->group_index);
	atomic_store(&slot->number, h->number);
	atomic_store(&slot->requests_before, atomic_load(&slot->requests));
	atomic_store(&slot->started_ms, clock_wall_ms());
	atomic_store(&slot->state, SCORE_STARTING);
}

static void undo(const struct heritage *h, const int ends[2])
{
	int saved = errno;
	close(ends[0]);
	close(ends[1]);
	score_clear_slot(h->board, h->slot);
	errno = saved;
}

int spawn_worker(struct heritage *h, struct spawned *out)
{
	int ends[2];
	h->slot = score_take_slot(h->board);
	if (h->slot < 0)
		return ERR_FULL;
	if (channel_pair(ends) < 0) {
		score_clear_slot(h->board, h->slot);
		return ERR_IO;
	}
	h->channel = ends[1];
	h->master = getpid();
	fill_slot(h);
	/* What stands in stdio's buffers would be printed by the child as well. */
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		undo(h, ends);
		return ERR_IO;
	}
	if (pid == 0)
		worker_main(h);
	close(ends[1]);
	atomic_store(&((struct score_slot *)score_at(h->slot))->pid, pid);
	*out = (struct spawned){ pid, ends[0], h->slot };
	return OK;
}
