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

enum {
	/* One system call's worth of pieces: the array is on the stack (1 KiB), and the kernel
	 * copies up to 8 of them without an allocation of its own. More in one call gains nothing.
	 */
	IOV_MAX_PIECES = 64,
	/* What one call of outq_flush sends at most. A peer that reads as fast as we write would
	 * otherwise have the loop for itself until its file ends; 1 MiB takes about 0.2 ms over
	 * loopback. */
	FLUSH_SHARE = 1 << 20,
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
	unsigned room; /* unused bytes of our chunk behind ptr + len; only the queue's last item can
			  use them */
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

char *outq_reserve(struct outq *q, size_t n)
{
	assert(n <= OUTQ_CHUNK);
	struct outq_item *last = q->last;
	if (last && last->room >= n && last->room > 0)
		return (char *)last->ptr + last->len;
	struct chunk *chunk = pool_take(&chunks);
	chunk->owner = (struct owner){ .refs = 0, .on_last = on_chunk_unused };
	struct outq_item *item = append(q, &chunk->owner, 0);
	item->ptr = chunk->data;
	item->room = OUTQ_CHUNK;
	return chunk->data;
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
		size_t room = q->last && q->last->room > 0 ? q->last->room : OUTQ_CHUNK;
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

static ssize_t send_memory(struct outq *q, struct conn *c, uint64_t max)
{
	struct iovec iov[IOV_MAX_PIECES];
	int count = 0;
	struct outq_item *item = q->first;
	for (; item && item->fd < 0 && count < IOV_MAX_PIECES && max > 0; item = item->next) {
		size_t n = item->len < max ? (size_t)item->len : (size_t)max;
		iov[count++] = (struct iovec){ (void *)item->ptr, n };
		max -= n;
	}
	/* "More" only when the next call follows at once: before sendfile it makes the kernel wait
	 * for a full segment and costs more than the segment that it saves. */
	bool more = count == IOV_MAX_PIECES && item && item->fd < 0;
	return c->transport->sendv(c, iov, count, more);
}

static ssize_t send_file(struct outq *q, struct conn *c, uint64_t max)
{
	struct outq_item *item = q->first;
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
