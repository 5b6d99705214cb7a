/*
 * stats.h - what the server knows of itself, added up from the scoreboard at one moment: the one
 * source of /metrics, /status and --status.
 */
#ifndef APP_STATS_H
#define APP_STATS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/scoreboard.h"

struct stats_site {
	struct slice name; /* borrowed from the scoreboard */
	uint64_t requests[SCORE_PROTOCOLS][SCORE_STATUS_CLASSES];
	uint64_t durations[SCORE_BUCKETS + 1]; /* each for itself, not cumulative */
	uint64_t answered;                     /* sum of durations[] */
	uint64_t duration_us;
	uint64_t content_in;
	uint64_t content_out;
};

struct stats_worker { /* one that is alive */
	unsigned slot;
	unsigned number;
	unsigned generation;
	int pid;
	enum score_state state;
	unsigned connections;
	unsigned idle;
	unsigned in_hand;
	uint64_t requests; /* since it began */
	uint64_t started_ms;
};

struct stats {
	uint64_t now_ms; /* wall clock, as the next two */
	uint64_t started_ms;
	uint64_t reloaded_ms; /* 0: never */
	bool reload_failed;
	unsigned generation; /* the newest that serves; 0: none does */
	unsigned sandbox;    /* SANDBOX_* that hold for all workers that serve */
	/* Now. */
	unsigned connections;
	unsigned active; /* connections that are none of the next three */
	unsigned idle;
	unsigned handshakes;
	unsigned closing;
	unsigned in_hand;
	unsigned workers_in[SCORE_DEAD + 1]; /* by enum score_state */
	/* Since counting began. */
	uint64_t accepted;
	uint64_t refused;
	uint64_t rate_limited;
	uint64_t requests;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t tls_handshakes[SCORE_TLS_VERSIONS][2];
	uint64_t tls_failures[SCORE_TLS_FAILURES];
	uint64_t file_cache[2]; /* lookups; [1]: it was there */
	uint64_t cache[2];      /* likewise, of answers that are kept */
	uint64_t restarts;
	uint64_t reloads[2];
	uint64_t upgrades[2];
	uint64_t log_lines[EVENT_LEVELS];
	struct stats_site *sites; /* [0]: "other", those without counters of their own */
	unsigned site_count;
	struct stats_worker *workers;
	unsigned worker_count;
};

/* Lists stand in the arena. Costs some microseconds for each slot in use and site. */
void stats_take(struct stats *out, struct arena *a);

/*
 * The duration that the given part (0.5, 0.99) of all requests did not exceed, in microseconds:
 * interpolated within its bucket, the last bound for what lies beyond; 0 without requests.
 */
uint64_t stats_quantile(const uint64_t durations[SCORE_BUCKETS + 1], double part);

/* All sites together. */
void stats_total(const struct stats *s, struct stats_site *out);

/* Lines for --status. */
void stats_write(struct buf *out);

#endif
