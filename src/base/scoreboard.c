/*
 * scoreboard.c - shared memory of the master and its workers.
 *
 * A memfd sealed against resizing, so that no reader can be made to fault. Memory nobody has
 * written takes no page: of the megabytes mapped here a small server uses a few dozen KiB. What is
 * in the board may come from a worker gone wrong; indices are checked, texts carry their length.
 */
#include "base/scoreboard.h"

#include "base/address_table.h"
#include "base/bucket_table.h"
#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCORE_VERSION = 3 }; /* raise it with every change of the layout */

static const char score_magic[8] = "httpdsb";

struct shared {
	char magic[8];
	uint32_t version;
	uint32_t size;
	struct address_table addresses;
	_Alignas(64) unsigned char secrets[SCORE_SECRETS];
	struct score_master master;
	struct event_ring events;
	struct score_names names;
	struct score_slot slots[SCORE_SLOTS];
	struct bucket_table buckets;
};

struct scoreboard {
	int fd;
	struct shared *shared;
};

/* For a process without a board or a slot, which writes to its slot 0. In .bss: costs no memory
 * until it is written. */
static struct shared private_board;

static struct {
	struct shared *shared;
	struct score_slot *self;
	/* The addresses counted, and in which column: the board's, or the private one without a
	 * slot. */
	struct address_table *addresses;
	unsigned column;
	uint32_t free_places; /* bits of self->requests_in_hand */
} current = {
	.shared = &private_board,
	.self = &private_board.slots[0],
	.addresses = &private_board.addresses,
	.free_places = UINT32_MAX,
};

_Static_assert(SCORE_IN_HAND == 32, "free_places has a bit for each");

static int map_board(struct scoreboard **out, int fd)
{
	void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return ERR_IO;
	struct scoreboard *board = mem_alloc(sizeof(*board));
	*board = (struct scoreboard){ .fd = fd, .shared = memory };
	*out = board;
	return OK;
}

static int prepare_memory(int fd)
{
	if (ftruncate(fd, sizeof(struct shared)) < 0)
		return ERR_IO;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return ERR_IO;
	return OK;
}

static int make_random(void *out, size_t size)
{
	return getrandom(out, size, 0) == (ssize_t)size ? OK : ERR_IO;
}

static int write_header(struct shared *shared)
{
	if (make_random(shared->addresses.seed, sizeof(shared->addresses.seed)) < 0 ||
	    make_random(shared->buckets.secret, sizeof(shared->buckets.secret)) < 0)
		return ERR_IO;
	memcpy(shared->magic, score_magic, sizeof(score_magic));
	shared->version = SCORE_VERSION;
	shared->size = sizeof(struct shared);
	atomic_store(&shared->master.started_ms, clock_wall_ms());
	return OK;
}

static int fill_new(struct scoreboard **out, int fd)
{
	int result = prepare_memory(fd);
	if (result == OK)
		result = map_board(out, fd);
	if (result != OK)
		return result;
	result = write_header((*out)->shared);
	if (result != OK) {
		munmap((*out)->shared, sizeof(struct shared));
		mem_free(*out);
	}
	return result;
}

int scoreboard_new(struct scoreboard **out)
{
	int fd = memfd_create("httpd-scoreboard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return ERR_IO;
	int result = fill_new(out, fd);
	if (result != OK) {
		int saved = errno;
		close(fd);
		errno = saved;
	}
	return result;
}

/* Before mapping: size and seals, without which a read could end in SIGBUS. */
static bool can_be_mapped(int fd)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & F_SEAL_SHRINK) && fstat(fd, &st) == 0 &&
	       st.st_size == sizeof(struct shared);
}

static bool has_our_layout(const struct shared *shared)
{
	return memcmp(shared->magic, score_magic, sizeof(score_magic)) == 0 &&
	       shared->version == SCORE_VERSION && shared->size == sizeof(struct shared) &&
	       shared->addresses.slots_used <= SCORE_SLOTS;
}

int scoreboard_adopt(struct scoreboard **out, int fd)
{
	struct scoreboard *board;
	if (!can_be_mapped(fd))
		return ERR_SYNTAX;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return ERR_IO;
	int result = map_board(&board, fd);
	if (result != OK)
		return result;
	if (!has_our_layout(board->shared)) {
		munmap(board->shared, sizeof(struct shared));
		mem_free(board);
		return ERR_SYNTAX;
	}
	*out = board;
	return OK;
}

void scoreboard_free(struct scoreboard **board)
{
	struct scoreboard *old = *board;
	*board = NULL;
	if (!old)
		return;
	if (current.shared == old->shared)
		scoreboard_use(NULL, -1);
	munmap(old->shared, sizeof(struct shared));
	close(old->fd);
	mem_free(old);
}

int scoreboard_fd(const struct scoreboard *board)
{
	return board->fd;
}

void scoreboard_use(struct scoreboard *board, int slot)
{
	bool counts = board && slot >= 0;
	assert(slot < SCORE_SLOTS);
	current.shared = board ? board->shared : &private_board;
	current.self = counts ? &current.shared->slots[slot] : &private_board.slots[0];
	current.addresses = counts ? &current.shared->addresses : &private_board.addresses;
	current.column = counts ? (unsigned)slot : 0;
	current.free_places = UINT32_MAX;
}

struct score_slot *score_self(void)
{
	return current.self;
}

const struct score_slot *score_at(int slot)
{
	assert(slot >= 0 && slot < SCORE_SLOTS);
	return &current.shared->slots[slot];
}

/* Without a board slot 0 is written to all the same. */
unsigned score_slots_used(void)
{
	uint32_t used = atomic_load(&current.shared->addresses.slots_used);
	if (current.shared == &private_board)
		return 1;
	return used < SCORE_SLOTS ? used : SCORE_SLOTS;
}

struct score_master *score_master(void)
{
	return &current.shared->master;
}

struct event_ring *score_events(void)
{
	return &current.shared->events;
}

int score_site_add(struct slice name)
{
	return score_names_add(&current.shared->names, name);
}

unsigned score_site_find(struct slice name)
{
	return score_names_find(&current.shared->names, name);
}

unsigned score_site_count(void)
{
	return score_names_count(&current.shared->names);
}

struct slice score_site_name(unsigned place)
{
	return score_names_at(&current.shared->names, place);
}

/* Two masters take slots of one board during an upgrade, so a slot is taken by exchange. */
static bool take(struct score_slot *slot)
{
	uint32_t expected = SCORE_FREE;
	return atomic_compare_exchange_strong(&slot->state, &expected, SCORE_STARTING);
}

static void raise_slots_used(struct address_table *table, uint32_t slots)
{
	uint32_t seen = atomic_load(&table->slots_used);
	while (seen < slots && !atomic_compare_exchange_weak(&table->slots_used, &seen, slots))
		continue;
}

/* The lowest: sums run over the slots that were ever used. */
int score_take_slot(struct scoreboard *board)
{
	for (int i = 0; i < SCORE_SLOTS; i++) {
		if (take(&board->shared->slots[i])) {
			raise_slots_used(&board->shared->addresses, (uint32_t)i + 1);
			return i;
		}
	}
	return ERR_FULL;
}

/* The state last: from then on the slot may be taken by another. */
void score_clear_slot(struct scoreboard *board, int slot)
{
	assert(slot >= 0 && slot < SCORE_SLOTS);
	struct score_slot *s = &board->shared->slots[slot];
	address_table_clear_slot(&board->shared->addresses, (unsigned)slot);
	for (int i = 0; i < SCORE_IN_HAND; i++)
		if (s->requests_in_hand[i].used)
			s->requests_in_hand[i].used = 0;
	s->pid = 0;
	s->generation = 0;
	s->group = 0;
	s->connections = 0;
	s->idle = 0;
	s->handshakes = 0;
	s->closing = 0;
	s->in_hand = 0;
	s->number = 0;
	s->sandbox = 0;
	s->started_ms = 0;
	s->state = SCORE_FREE;
}

bool score_is_alive(const struct score_slot *slot)
{
	uint32_t state = slot->state;
	return state == SCORE_STARTING || state == SCORE_READY || state == SCORE_DRAINING;
}

unsigned score_connections(void)
{
	unsigned count = 0;
	unsigned slots = score_slots_used();
	if (current.shared == &private_board)
		return current.self->connections;
	for (unsigned i = 0; i < slots; i++)
		if (score_is_alive(&current.shared->slots[i]))
			count += current.shared->slots[i].connections;
	return count;
}

unsigned score_workers_ready(void)
{
	unsigned count = 0;
	unsigned slots = score_slots_used();
	for (unsigned i = 0; i < slots; i++) {
		const struct score_slot *slot = &current.shared->slots[i];
		count += slot->state == SCORE_READY && slot->group == current.self->group;
	}
	return count;
}

static uint32_t put(char *text, uint32_t len, uint32_t room, struct slice s)
{
	struct slice part = slice_head(s, room - len);
	if (part.len)
		memcpy(text + len, part.ptr, part.len);
	return len + (uint32_t)part.len;
}

/* The peer is the shortest and tells most: what does not fit is cut off the path. */
static uint32_t describe(char *text, struct slice method, struct slice path, struct slice peer)
{
	struct slice from = SLICE(" from ");
	size_t tail = from.len + peer.len;
	uint32_t room = tail < SCORE_TEXT / 2 ? SCORE_TEXT - (uint32_t)tail : SCORE_TEXT / 2;
	uint32_t len = put(text, 0, room, method);
	len = put(text, len, room, SLICE(" "));
	len = put(text, len, room, path);
	len = put(text, len, SCORE_TEXT, from);
	return put(text, len, SCORE_TEXT, peer);
}

int score_begin(struct slice method, struct slice path, struct slice peer)
{
	if (!current.free_places)
		return -1;
	int place = __builtin_ctz(current.free_places);
	struct score_request *request = &current.self->requests_in_hand[place];
	current.free_places &= current.free_places - 1;
	request->len = describe(request->text, method, path, peer);
	/* A crash between the two stores must not leave a text half written in the open. */
	atomic_store_explicit(&request->used, 1, memory_order_release);
	return place;
}

void score_end(int place)
{
	if (place < 0)
		return;
	assert(place < SCORE_IN_HAND);
	atomic_store_explicit(&current.self->requests_in_hand[place].used, 0, memory_order_release);
	current.free_places |= UINT32_C(1) << place;
}

unsigned score_address_add(const unsigned char key[16])
{
	raise_slots_used(current.addresses, current.column + 1); /* the private board's, once */
	return address_table_add(current.addresses, current.column, key);
}

void score_address_remove(const unsigned char key[16])
{
	address_table_remove(current.addresses, current.column, key);
}

unsigned char *score_secrets(void)
{
	return current.shared->secrets;
}

struct bucket_table *score_buckets(void)
{
	return &current.shared->buckets;
}
