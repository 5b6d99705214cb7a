/*
 * outq.c - the output queue: a list of items, each a run of bytes in memory or a range of a file.
 *
 * Bytes of our own stand in chunks of OUTQ_CHUNK bytes. A chunk is an owner like any other: the
 * item that is filled and the items that outq_move split off from it hold it. Items and chunks come
 * from free lists and go back as soon as their bytes are out.
 */
#include "net/outq.h"

#include "base/mem.h"
#include "net/conn.h"
#include "net/pool.h"

#include <assert.h>
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	/* One system call's worth of pieces: the array is on the stack (1 KiB), and the kernel
	 * copies up to 8 of them without an allocation of its own. More in one call gains nothing.
	 */
	IOV_MAX_PIECES = 64,
	/* What one call of outq_flush sends at most. A peer that reads as fast as we write would
	 * otherwise have the loop for itself until its file ends; 1 MiB takes about 0.2 ms over
	 * loopback. */
	FLUSH_SHARE = 1 << 20,
	/* As much as a queue of HTTP/2 holds; it stays in the processor's cache. */
	BATCH = 256 << 10,
	/* Beyond this sendfile saves more by not copying than it costs in calls. */
	SHORT_RANGE = 32 << 10,
	/* Kept free: enough for the turns of a busy worker, 0.5 MiB at most. */
	CHUNKS_KEPT = 128,
	ITEMS_KEPT = 1024,
};

struct outq_item {
	struct outq_item *next;
	struct owner *owner;
	uint64_t len;
	union {
		const char *ptr;
		off_t offset;
	};
	unsigned room; /* unused bytes of our chunk behind ptr + len: of the queue's `open` */
	int fd;        /* -1: memory */
};

struct chunk {
	struct owner owner;
	char data[OUTQ_CHUNK];
};

static struct pool items = { .size = sizeof(struct outq_item), .max = ITEMS_KEPT };
static struct pool chunks = { .size = sizeof(struct chunk), .max = CHUNKS_KEPT };

static void on_chunk_unused(struct owner *o)
{
	pool_give(&chunks, CONTAINER_OF(o, struct chunk, owner));
}

static struct outq_item *append(struct outq *q, struct owner *owner, uint64_t len)
{
	struct outq_item *item = pool_take(&items);
	*item = (struct outq_item){ .owner = owner, .len = len, .fd = -1 };
	owner_hold(owner);
	if (q->last)
		q->last->next = item;
	else
		q->first = item;
	q->last = item;
	q->bytes += len;
	return item;
}

static void drop_first(struct outq *q)
{
	struct outq_item *item = q->first;
	q->first = item->next;
	if (!q->first)
		q->last = NULL;
	if (q->open == item)
		q->open = NULL;
	struct owner *owner = item->owner;
	pool_give(&items, item);
	owner_release(owner);
}

/* n bytes of the first item are gone. Empty items behind it (a reservation that was not used) go
 * along. */
static void advance(struct outq *q, uint64_t n)
{
	q->bytes -= n;
	while (q->first) {
		struct outq_item *item = q->first;
		uint64_t step = n < item->len ? n : item->len;
		if (step < item->len) {
			item->len -= step;
			if (item->fd < 0)
				item->ptr += step;
			else
				item->offset += (off_t)step;
			return;
		}
		n -= step;
		drop_first(q);
		if (n == 0 && (!q->first || q->first->len > 0))
			return;
	}
}

void outq_init(struct outq *q)
{
	*q = (struct outq){ 0 };
}

void outq_clear(struct outq *q)
{
	while (q->first)
		drop_first(q);
	q->bytes = 0;
}

/* Small pieces between borrowed ones (the heads of frames) share a chunk. */
static struct outq_item *append_room(struct outq *q, size_t n)
{
	struct outq_item *open = q->open, *item;
	if (open && open->room >= n && open->room > 0) {
		item = append(q, open->owner, 0);
		item->ptr = open->ptr + open->len;
		item->room = open->room;
		open->room = 0;
	} else {
		struct chunk *chunk = pool_take(&chunks);
		chunk->owner = (struct owner){ .refs = 0, .on_last = on_chunk_unused };
		item = append(q, &chunk->owner, 0);
		item->ptr = chunk->data;
		item->room = OUTQ_CHUNK;
	}
	q->open = item;
	return item;
}

char *outq_reserve(struct outq *q, size_t n)
{
	assert(n <= OUTQ_CHUNK);
	struct outq_item *item = q->last;
	if (!item || item->room < n || item->room == 0)
		item = append_room(q, n);
	return (char *)item->ptr + item->len;
}

void outq_commit(struct outq *q, size_t used)
{
	struct outq_item *last = q->last;
	assert(last && used <= last->room);
	last->len += used;
	last->room -= (unsigned)used;
	q->bytes += used;
	if (q->bytes == 0)
		outq_clear(q);
}

void outq_copy(struct outq *q, struct slice s)
{
	while (s.len > 0) {
		size_t room = q->open && q->open->room > 0 ? q->open->room : OUTQ_CHUNK;
		size_t n = s.len < room ? s.len : room;
		memcpy(outq_reserve(q, n), s.ptr, n);
		outq_commit(q, n);
		s = slice_tail(s, n);
	}
}

void outq_borrow(struct outq *q, struct slice s, struct owner *owner)
{
	if (s.len > 0)
		append(q, owner, s.len)->ptr = s.ptr;
}

void outq_file(struct outq *q, int fd, off_t offset, uint64_t len, struct owner *owner)
{
	if (len == 0)
		return;
	struct outq_item *item = append(q, owner, len);
	item->fd = fd;
	item->offset = offset;
}

static void move_first(struct outq *to, struct outq *from)
{
	struct outq_item *item = from->first;
	from->first = item->next;
	if (!from->first)
		from->last = NULL;
	item->next = NULL;
	if (item->room > 0) {
		from->open = NULL;
		to->open = item;
	}
	if (to->last)
		to->last->next = item;
	else
		to->first = item;
	to->last = item;
}

uint64_t outq_move(struct outq *to, struct outq *from, uint64_t max)
{
	uint64_t moved = 0;
	while (from->first && moved + from->first->len <= max) {
		uint64_t len = from->first->len;
		move_first(to, from);
		to->bytes += len;
		from->bytes -= len;
		moved += len;
	}
	uint64_t part = max - moved;
	if (!from->first || part == 0)
		return moved;
	/* Both halves share the owner; what is free of a chunk stays with the half at the end. */
	struct outq_item *item = from->first;
	struct outq_item *half = append(to, item->owner, part);
	half->fd = item->fd;
	if (item->fd < 0)
		half->ptr = item->ptr;
	else
		half->offset = item->offset;
	advance(from, part);
	return max;
}

static ssize_t read_first(const struct outq_item *item, char *to, size_t room)
{
	size_t n = item->len < room ? (size_t)item->len : room;
	if (item->fd < 0) {
		memcpy(to, item->ptr, n);
		return (ssize_t)n;
	}
	ssize_t got;
	do
		got = pread(item->fd, to, n, item->offset);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		errno = ENODATA;
	return got > 0 ? got : ERR_IO;
}

ssize_t outq_read(struct outq *q, char *to, size_t room)
{
	size_t have = 0;
	while (have < room && q->bytes > 0) {
		ssize_t n = q->first->len ? read_first(q->first, to + have, room - have) : 0;
		if (n < 0)
			return n;
		advance(q, (uint64_t)n);
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/*
 * A batch of bytes on the way through memory: many short ranges of files, with little between them,
 * as HTTP/2 has them. sendfile for each would cost two calls for 16 KiB; gathered, one read and one
 * send move eight times as much. What the socket does not take is read again: a peer that is slow
 * holds no memory for it.
 */
struct batch {
	char *bytes;
	size_t len;
	struct iovec gaps[IOV_MAX_PIECES]; /* still to be read */
	int gap_count;
	size_t gap_bytes;
	int fd;
	off_t offset; /* of the first gap's bytes; the next one's follow them */
};

static bool is_short_range(const struct outq_item *item)
{
	return item && item->fd >= 0 && item->len <= SHORT_RANGE;
}

/* One read for gaps whose bytes follow each other in a file. */
static int fill_gaps(struct batch *b)
{
	if (b->gap_count == 0)
		return OK;
	ssize_t n;
	do
		n = preadv(b->fd, b->gaps, b->gap_count, b->offset);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n < b->gap_bytes)
		errno = ENODATA;
	bool whole = n >= 0 && (size_t)n == b->gap_bytes;
	b->gap_count = 0;
	b->gap_bytes = 0;
	return whole ? OK : ERR_IO;
}

static int add_gap(struct batch *b, const struct outq_item *item, size_t n)
{
	bool follows = item->fd == b->fd && item->offset == b->offset + (off_t)b->gap_bytes;
	if ((b->gap_count == IOV_MAX_PIECES || !follows) && fill_gaps(b) < 0)
		return ERR_IO;
	if (b->gap_count == 0) {
		b->fd = item->fd;
		b->offset = item->offset;
	}
	b->gaps[b->gap_count++] = (struct iovec){ b->bytes + b->len, n };
	b->gap_bytes += n;
	return OK;
}

static ssize_t send_batch(struct outq *q, struct conn *c, uint64_t max)
{
	static char bytes[BATCH];
	struct batch b = { .bytes = bytes };
	size_t most = c->transport->piece ? c->transport->piece : BATCH;
	if (max > most)
		max = most;
	for (struct outq_item *item = q->first; item && b.len < max; item = item->next) {
		size_t n = item->len < max - b.len ? (size_t)item->len : (size_t)max - b.len;
		if (item->fd >= 0 && !is_short_range(item))
			break;
		if (item->fd < 0)
			memcpy(bytes + b.len, item->ptr, n);
		else if (add_gap(&b, item, n) < 0)
			return ERR_IO;
		b.len += n;
	}
	if (fill_gaps(&b) < 0)
		return ERR_IO;
	return c->transport->sendv(c, &(struct iovec){ bytes, b.len }, 1, false);
}

static ssize_t send_memory(struct outq *q, struct conn *c, uint64_t max)
{
	struct iovec iov[IOV_MAX_PIECES];
	uint64_t left = max;
	int count = 0;
	struct outq_item *item = q->first;
	for (; item && item->fd < 0 && count < IOV_MAX_PIECES && left > 0; item = item->next) {
		size_t n = item->len < left ? (size_t)item->len : (size_t)left;
		iov[count++] = (struct iovec){ (void *)item->ptr, n };
		left -= n;
	}
	if (is_short_range(item) && max - left < BATCH / 2)
		return send_batch(q, c, max);
	/* "More" only when the next call follows at once: before sendfile it makes the kernel wait
	 * for a full segment and costs more than the segment that it saves. */
	bool more = count == IOV_MAX_PIECES && item && item->fd < 0;
	return c->transport->sendv(c, iov, count, more);
}

static ssize_t send_file(struct outq *q, struct conn *c, uint64_t max)
{
	struct outq_item *item = q->first;
	if (is_short_range(item) && item->next)
		return send_batch(q, c, max);
	off_t offset = item->offset; /* ours is advanced with the rest, in advance() */
	size_t n = item->len < max ? (size_t)item->len : (size_t)max;
	ssize_t sent = c->transport->sendfile(c, item->fd, &offset, n);
	if (sent != 0)
		return sent;
	errno = ENODATA;
	return ERR_IO;
}

int outq_flush(struct outq *q, struct conn *c)
{
	uint64_t share = FLUSH_SHARE;
	while (q->first) {
		if (share == 0)
			return ERR_AGAIN;
		ssize_t n = q->first->fd < 0 ? send_memory(q, c, share) : send_file(q, c, share);
		if (n == ERR_AGAIN)
			c->flags &= ~CONN_WRITABLE;
		if (n < 0)
			return (int)n;
		advance(q, (uint64_t)n);
		share -= (uint64_t)n;
	}
	return OK;
}
