/*
 * scoreboard.h - what processes tell each other through shared memory: who runs, what it has in
 * hand, how much it did.
 *
 * Made by the master before the first fork (a memfd, so that an upgraded master can take it over);
 * survives a worker's death and a reload. Each worker writes its own slot only; everyone reads all.
 * Plain loads and stores of aligned words are enough for counters with one writer; readers may see
 * a value a moment old. A process without a board (a unit test) writes to a private one: the
 * functions always work.
 */
#ifndef BASE_SCOREBOARD_H
#define BASE_SCOREBOARD_H

#include "base/error.h"
#include "base/event_ring.h"
#include "base/score_site.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	/* Workers of two generations: 128 processors, and room while one drains. */
	SCORE_SLOTS = 256,
	SCORE_IN_HAND = 32, /* requests in hand that are remembered by name, a worker */
	SCORE_TEXT = 128,   /* bytes of "GET /path from 192.0.2.1", cut */
	SCORE_ADDRESSES = 8192,
	SCORE_SECRETS = 512, /* bytes; three keys for session tickets */
};

enum score_tls_version { SCORE_TLS_1_2, SCORE_TLS_1_3, SCORE_TLS_VERSIONS };
enum score_tls_failure { SCORE_TLS_ERROR, SCORE_TLS_TIMEOUT, SCORE_TLS_PLAIN, SCORE_TLS_FAILURES };

/* What confines a worker: process/sandbox.h. */
enum sandbox_part { SANDBOX_LANDLOCK = 1, SANDBOX_SECCOMP = 2 };

enum score_state { SCORE_FREE, SCORE_STARTING, SCORE_READY, SCORE_DRAINING, SCORE_DEAD };

struct score_request {
	_Atomic uint32_t used;
	uint32_t len;
	char text[SCORE_TEXT]; /* raw bytes: whoever prints them escapes them */
};

struct score_slot {
	/* A line of the cache to each slot's start: its writer never waits for another's. */
	_Alignas(64) _Atomic uint32_t state; /* enum score_state */
	_Atomic int32_t pid;
	_Atomic uint32_t generation;
	_Atomic uint32_t group;
	_Atomic uint32_t connections;     /* open now */
	_Atomic uint32_t idle;            /* of them: between two requests */
	_Atomic uint32_t handshakes;      /* of them: in the TLS handshake */
	_Atomic uint32_t closing;         /* of them: all is sent, the peer is to close first */
	_Atomic uint32_t in_hand;         /* requests being handled now */
	_Atomic uint32_t number;          /* "worker 3" */
	_Atomic uint32_t sandbox;         /* SANDBOX_* in force */
	_Atomic uint64_t started_ms;      /* wall clock */
	_Atomic uint64_t requests_before; /* the slot's when this worker began */
	/* Totals of the slot: never set back, also not when another worker takes it. */
	_Atomic uint64_t accepted;
	_Atomic uint64_t requests;
	_Atomic uint64_t refused;      /* newcomers turned away */
	_Atomic uint64_t rate_limited; /* requests over a rate */
	_Atomic uint64_t bytes_in;
	_Atomic uint64_t bytes_out;
	_Atomic uint64_t tls_handshakes[SCORE_TLS_VERSIONS][2]; /* [1]: resumed */
	_Atomic uint64_t tls_failures[SCORE_TLS_FAILURES];
	_Atomic uint64_t file_cache[2]; /* lookups; [1]: it was there */
	_Atomic uint64_t cache[2];      /* answers that middleware/cache.c looked for; [1]: had */
	struct score_request requests_in_hand[SCORE_IN_HAND];
	struct score_site sites[SCORE_SITES]; /* by score_site_find */
};

/* What the master counts; during an upgrade there are two of them, so it is added by exchange. */
struct score_master {
	_Atomic uint64_t started_ms; /* wall clock, of the first: when counting began */
	_Atomic uint64_t restarts;   /* workers that died and were replaced */
	_Atomic uint64_t reloads[2]; /* [1]: taken up, [0]: refused or undone */
	_Atomic uint64_t upgrades[2];
	_Atomic uint64_t reloaded_ms;   /* wall clock, of the last that was taken up; 0: none was */
	_Atomic uint32_t reload_failed; /* whether the last one was refused */
};

struct scoreboard;

/*
 * In the master: makes the board, or maps one by its descriptor (a predecessor's; ERR_SYNTAX if it
 * is not one of our layout). The board keeps the descriptor; after a failure it is still the
 * caller's.
 */
MUST_CHECK int scoreboard_new(struct scoreboard **out);
MUST_CHECK int scoreboard_adopt(struct scoreboard **out, int fd);
/* Unmaps; this process has no board any more. */
void scoreboard_free(struct scoreboard **board);
int scoreboard_fd(const struct scoreboard *board); /* close-on-exec; for an upgrade */
void scoreboard_use(
    struct scoreboard *board, int slot); /* in a worker, after the fork; slot -1 in the master */

struct score_slot *score_self(void);         /* never NULL */
const struct score_slot *score_at(int slot); /* 0 <= slot < SCORE_SLOTS */
unsigned score_slots_used(void);             /* slots from here on were never taken */
struct score_master *score_master(void);
bool score_is_alive(const struct score_slot *slot); /* a worker has it: starting, ready, draining */
int score_take_slot(struct scoreboard *board); /* a free slot's index, or ERR_FULL; by the master */
void score_clear_slot(struct scoreboard *board,
    int slot); /* after a death: gauges to zero, addresses counted by it given back */

/* The one writer of a counter adds to it: no locked instruction is needed. */
static inline void score_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(
	    counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}
static inline void score_shift(_Atomic uint32_t *gauge, int by)
{
	atomic_store_explicit(gauge,
	    atomic_load_explicit(gauge, memory_order_relaxed) + (uint32_t)by, memory_order_relaxed);
}

unsigned score_connections(void);   /* sum over all slots that are alive */
unsigned score_workers_ready(void); /* slots in SCORE_READY of this process' group */

/* Remembers a request in hand; the returned place is given to score_end. -1 when all places are
 * taken. Borrowed text. */
int score_begin(struct slice method, struct slice path, struct slice peer);
void score_end(int place);

/*
 * Sites are counted by name, so that their numbers go on when a new configuration brings them in
 * another order. Places are given by the master before it forks; names that find no room are
 * counted together in place 0. score_site_add returns ERR_FULL then.
 */
MUST_CHECK int score_site_add(struct slice name);
unsigned score_site_find(struct slice name);  /* its place, 0 if it has none */
unsigned score_site_count(void);              /* places in use, the 0th included */
struct slice score_site_name(unsigned place); /* "other" for 0 */

/* What the error log was told last, by all processes. */
struct event_ring *score_events(void);

/* SCORE_SECRETS bytes, zero at first, that are the same in all processes and in a successor: for
 * keys that have to outlive whoever uses them. */
unsigned char *score_secrets(void);

/* Connections of one address over all workers. Adds one for the key and returns how many there are
 * now, 0 if the table has no room for it (then it is not counted). */
unsigned score_address_add(const unsigned char key[16]);
void score_address_remove(const unsigned char key[16]);

/* The token buckets of all workers: bucket_table.h. */
struct bucket_table;
struct bucket_table *score_buckets(void);

#endif
