/*
 * obituary.c - see obituary.h. What is in the slot was written by a worker gone wrong: lengths are
 * checked.
 */
#include "process/obituary.h"

#include "base/human.h"
#include "process/signals.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
	NAMED_MAX = 8, /* requests told by name: a line of the log has room for about that many */
};

void obituary_cause(int status, char *text_out, size_t room)
{
	if (WIFSIGNALED(status))
		snprintf(text_out, room, "killed by %s%s", signal_name(WTERMSIG(status)),
		    WCOREDUMP(status) ? ", core dumped" : "");
	else
		snprintf(text_out, room, "exited with status %d", WEXITSTATUS(status));
}

/* Appends and returns how much stands there now. */
static size_t add(char *text, size_t room, size_t len, const char *more)
{
	int n = snprintf(text + len, room - len, "%s", more);
	len += n > 0 ? (size_t)n : 0;
	return len < room ? len : room - 1;
}

static size_t add_requests(const struct score_slot *slot, char *text_out, size_t room, size_t len)
{
	unsigned named = 0, more = 0;
	for (int i = 0; i < SCORE_IN_HAND; i++) {
		const struct score_request *r = &slot->requests_in_hand[i];
		if (!atomic_load(&r->used))
			continue;
		if (named == NAMED_MAX) {
			more++;
			continue;
		}
		char text[SCORE_TEXT + 16];
		int n = r->len < SCORE_TEXT ? (int)r->len : SCORE_TEXT;
		snprintf(text, sizeof(text), "%s%.*s", named++ ? ", " : ", in hand: ", n, r->text);
		len = add(text_out, room, len, text);
	}
	/* Beyond the places of the board requests are only counted. */
	uint32_t in_hand = atomic_load(&slot->in_hand);
	if (in_hand > named + more)
		more = in_hand - named;
	if (more > 0) {
		char text[48];
		snprintf(text, sizeof(text), " and %u more", more);
		len = add(text_out, room, len, text);
	}
	return len;
}

void obituary_write(const struct obituary *o, char *text_out, size_t room)
{
	char cause[64], age[HUMAN_TEXT], text[256];
	obituary_cause(o->status, cause, sizeof(cause));
	human_age(o->age_ms, age);
	snprintf(text, sizeof(text), "%s worker %u (pid %d) %s after %s, %u connections lost",
	    o->group, o->number, (int)o->pid, cause, age,
	    (unsigned)atomic_load(&o->slot->connections));
	size_t len = add(text_out, room, 0, text);
	/* The end of the line is kept free for what follows. */
	char next[64] = "; replaced at once";
	if (!o->replaced)
		next[0] = '\0';
	else if (o->delay_ms > 0)
		snprintf(next, sizeof(next), "; replaced in %u ms", o->delay_ms);
	len = add_requests(o->slot, text_out, room - strlen(next), len);
	add(text_out, room, len, next);
}
