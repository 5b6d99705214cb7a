/*
 * score_site.c - see score_site.h.
 *
 * A few additions for each request, without a lock: the counters have one writer. The names may
 * have been written by a process gone wrong; whoever reads them checks count and lengths.
 */
#include "base/score_site.h"

#include "base/scoreboard.h"

const uint32_t score_bucket_us[SCORE_BUCKETS] = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000,
	50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000 };

/* From the front: nearly all answers are fast, and are found with the first comparison. */
static unsigned bucket_of(uint64_t us)
{
	unsigned i = 0;
	while (i < SCORE_BUCKETS && us > score_bucket_us[i])
		i++;
	return i;
}

void score_site_count_answer(struct score_site *site, const struct score_answer *answer)
{
	bool known = answer->status >= 100 && answer->status < 600;
	score_add(&site->content_in, answer->content_in);
	score_add(&site->content_out, answer->content_out);
	score_add(&site->duration_us, answer->duration_us);
	score_add(&site->durations[bucket_of(answer->duration_us)], 1);
	score_add(&site->requests[answer->protocol][known ? answer->status / 100 : 0], 1);
}

unsigned score_names_count(const struct score_names *n)
{
	uint32_t count = atomic_load_explicit(&n->count, memory_order_acquire);
	return (count < SCORE_SITES - 1 ? count : SCORE_SITES - 1) + 1;
}

struct slice score_names_at(const struct score_names *n, unsigned place)
{
	if (place == 0 || place >= score_names_count(n))
		return SLICE("other");
	uint32_t len = n->names[place].len;
	return slice_of(n->names[place].text, len < SCORE_SITE_NAME ? len : SCORE_SITE_NAME);
}

unsigned score_names_find(const struct score_names *n, struct slice name)
{
	struct slice wanted = slice_head(name, SCORE_SITE_NAME);
	for (unsigned i = 1; i < score_names_count(n); i++)
		if (slice_eq(score_names_at(n, i), wanted))
			return i;
	return 0;
}

int score_names_add(struct score_names *n, struct slice name)
{
	unsigned place = score_names_count(n);
	struct slice text = slice_head(name, SCORE_SITE_NAME);
	if (score_names_find(n, name) > 0)
		return OK;
	if (place == SCORE_SITES)
		return ERR_FULL;
	n->names[place].len = (uint32_t)text.len;
	if (text.len)
		memcpy(n->names[place].text, text.ptr, text.len);
	/* The name first: who sees the new count reads it whole. */
	atomic_store_explicit(&n->count, place, memory_order_release);
	return OK;
}
