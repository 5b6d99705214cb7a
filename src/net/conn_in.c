/*
 * conn_in.c - the reading half of a connection: its buffer, and what is known about the socket.
 *
 * A buffer is taken from the free list when bytes are to be read and given back when the engine has
 * no more use for what is in it. One larger than CONN_BUFFER is the heap's.
 */
#include "net/conn_impl.h"

#include "base/mem.h"
#include "net/pool.h"

#include <assert.h>

/* Kept free: 1 MiB, more than the requests that one turn has in hand. */
static struct pool buffers = { .size = CONN_BUFFER, .max = 64 };

static void give_buffer(char *data, unsigned cap)
{
	if (cap == CONN_BUFFER)
		pool_give(&buffers, data);
	else
		mem_free(data);
}

void conn_drop_in(struct conn *c)
{
	if (c->in)
		give_buffer(c->in, c->in_cap);
	c->in = NULL;
	c->in_pos = c->in_len = c->in_cap = 0;
}

void conn_consume(struct conn *c, size_t n)
{
	assert(n <= c->in_len - c->in_pos);
	c->in_pos += (unsigned)n;
}

void conn_release_in(struct conn *c)
{
	if (c->in_pos == c->in_len)
		conn_drop_in(c);
}

int conn_grow(struct conn *c, size_t room, size_t max)
{
	unsigned unread = c->in_len - c->in_pos;
	if (room < unread)
		room = unread;
	if (room > max)
		return ERR_FULL;
	if (room > c->in_cap) {
		unsigned cap = room <= CONN_BUFFER ? CONN_BUFFER : (unsigned)room;
		char *data = cap == CONN_BUFFER ? pool_take(&buffers) : mem_alloc(cap);
		if (unread > 0)
			memcpy(data, c->in + c->in_pos, unread);
		conn_drop_in(c);
		c->in = data;
		c->in_cap = cap;
	} else if (unread > 0) {
		memmove(c->in, c->in + c->in_pos, unread);
	}
	c->in_pos = 0;
	c->in_len = unread;
	return OK;
}

void conn_unread(struct conn *c, struct slice bytes)
{
	assert(!c->in && bytes.len <= CONN_BUFFER);
	c->in = pool_take(&buffers);
	c->in_cap = CONN_BUFFER;
	c->in_len = (unsigned)bytes.len;
	memcpy(c->in, bytes.ptr, bytes.len);
}

bool conn_drained(const struct conn *c)
{
	if (c->flags & (CONN_EOF | CONN_BROKEN))
		return false;
	return !(c->flags & CONN_READABLE) || (c->flags & CONN_DRAINED);
}

/* Nothing came: whether that is for now or for good. */
static int on_nothing(struct conn *c, ssize_t result)
{
	if (c->in_len == 0)
		conn_drop_in(c);
	if (result == ERR_AGAIN) {
		c->flags &= ~CONN_READABLE;
		return ERR_AGAIN;
	}
	/* An end of file on a socket that has hung up both ways is no half-close: nobody reads an
	 * answer. */
	if (result == 0)
		c->flags |= c->flags & CONN_RESET ? CONN_EOF | CONN_BROKEN : CONN_EOF;
	else
		c->flags |= CONN_BROKEN;
	return ERR_CLOSED;
}

/*
 * The kernel's part of the rule in conn.h: a short recv has emptied the socket, so bytes that come
 * later make an edge of their own. Only an end of file or an error that the edge told of already
 * would make none.
 */
static void on_bytes(struct conn *c, size_t n, size_t room, bool first)
{
	c->in_len += (unsigned)n;
	c->turn_in += (unsigned)n;
	score_add(&score_self()->bytes_in, n);
	if (first && n < room && !(c->flags & CONN_HUNG) && c->transport->short_is_empty)
		c->flags |= CONN_DRAINED;
}

int conn_read(struct conn *c)
{
	if (c->flags & (CONN_EOF | CONN_BROKEN | CONN_CLOSING))
		return ERR_CLOSED;
	if (!(c->flags & CONN_READABLE))
		return ERR_AGAIN;
	if (c->in && c->in_len == c->in_cap)
		return ERR_FULL;
	if (c->turn_in >= CONN_SHARE) {
		c->flags |= CONN_PAUSED;
		conn_requeue(c);
		return ERR_AGAIN;
	}
	if (!c->in) {
		c->in = pool_take(&buffers);
		c->in_cap = CONN_BUFFER;
	}
	bool first = !(c->flags & CONN_TURN_READ);
	c->flags |= CONN_TURN_READ;
	c->flags &= ~CONN_DRAINED;
	size_t room = c->in_cap - c->in_len;
	ssize_t n = c->transport->recv(c, c->in + c->in_len, room);
	if (n <= 0)
		return on_nothing(c, n);
	on_bytes(c, (size_t)n, room, first);
	return OK;
}
