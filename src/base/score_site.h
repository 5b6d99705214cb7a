/*
 * score_site.h - what is counted for each site: by status, protocol and duration. A worker writes
 * those of its own slot of the scoreboard, whoever wants to know adds up all slots.
 *
 * And the names of the sites, in shared memory, so that a number stays with its site across
 * configurations and binaries.
 */
#ifndef BASE_SCORE_SITE_H
#define BASE_SCORE_SITE_H

#include "base/error.h"
#include "base/slice.h"

#include <stdatomic.h>
#include <stdint.h>

enum {
	SCORE_SITES = 128,        /* with names of their own: a small organisation's, with room */
	SCORE_SITE_NAME = 254,    /* RFC 1035 section 2.3.4, and then nothing is cut */
	SCORE_STATUS_CLASSES = 6, /* [0] for codes that no standard knows, [1] 1xx ... [5] 5xx */
	SCORE_BUCKETS = 16,       /* bounds of durations; one more bucket is for all above */
};

enum score_protocol { SCORE_HTTP_1_0, SCORE_HTTP_1_1, SCORE_HTTP_2, SCORE_PROTOCOLS };

/* A line of the cache to each site's start; what nearly every request touches stands in two. */
struct score_site {
	_Alignas(64) _Atomic uint64_t content_in;
	_Atomic uint64_t content_out;
	_Atomic uint64_t duration_us;
	_Atomic uint64_t durations[SCORE_BUCKETS + 1]; /* requests that took up to the bound */
	_Atomic uint64_t requests[SCORE_PROTOCOLS][SCORE_STATUS_CLASSES];
};

/* Upper bounds in microseconds, ascending: what monitoring systems use by default, and two below,
 * because a file that is in memory takes less than half a millisecond. */
extern const uint32_t score_bucket_us[SCORE_BUCKETS];

struct score_answer {
	enum score_protocol protocol;
	int status;
	uint64_t duration_us;
	uint64_t content_in;
	uint64_t content_out;
};
void score_site_count_answer(struct score_site *site, const struct score_answer *answer);

/* The names, place 0 being for all that have none of their own. Zero bytes are an empty table. */
struct score_names {
	_Atomic uint32_t count; /* without place 0 */
	struct {
		uint32_t len;
		char text[SCORE_SITE_NAME];
	} names[SCORE_SITES];
};

/* One writer at a time. ERR_FULL without room. A name that is there stays where it is. */
MUST_CHECK int score_names_add(struct score_names *n, struct slice name);
unsigned score_names_find(const struct score_names *n, struct slice name); /* 0: not there */
unsigned score_names_count(const struct score_names *n);                   /* with place 0 */
struct slice score_names_at(const struct score_names *n, unsigned place);

#endif
