/*
 * outq.h - what is to be sent, in order: bytes of our own, bytes borrowed from someone who is kept
 * alive until they are out, and ranges of files.
 *
 * HTTP/1 flushes a connection's queue with sendmsg and sendfile. HTTP/2 has one a stream and moves
 * from it into the connection's. The queue holds no memory while it is empty.
 */
#ifndef NET_OUTQ_H
#define NET_OUTQ_H

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Who keeps borrowed bytes or a descriptor alive; embedded in the thing. Not shared between
 * threads. */
struct owner;
typedef void (*owner_fn)(struct owner *o);
struct owner {
	unsigned refs;
	owner_fn on_last; /* the last reference is gone */
};
static inline void owner_hold(struct owner *o)
{
	if (o)
		o->refs++;
}
static inline void owner_release(struct owner *o)
{
	if (o && --o->refs == 0)
		o->on_last(o);
}

struct outq_item;
struct outq {
	struct outq_item *first;
	struct outq_item *last;
	struct outq_item *open; /* the latest that ends before room of ours; NULL: none has */
	uint64_t bytes;         /* in the queue, of all kinds */
};

void outq_init(struct outq *q);  /* all zero bytes is an empty queue, too */
void outq_clear(struct outq *q); /* drops all and releases the owners */
static inline bool outq_empty(const struct outq *q)
{
	return q->bytes == 0;
}

void outq_copy(struct outq *q, struct slice s);
/* Room for n <= OUTQ_CHUNK contiguous bytes at the end, to be written in place, then committed with
 * how many of them are used. Nothing else may be done to the queue in between. */
enum { OUTQ_CHUNK = 4096 };
char *outq_reserve(struct outq *q, size_t n) __attribute__((returns_nonnull));
void outq_commit(struct outq *q, size_t used);
/* Not copied: `owner` (NULL for memory that never goes away) gets a reference until the bytes are
 * out. */
void outq_borrow(struct outq *q, struct slice s, struct owner *owner);
void outq_file(struct outq *q, int fd, off_t offset, uint64_t len, struct owner *owner);

/* Moves at most max bytes from the front of `from` to the end of `to`, without copying; returns how
 * many. */
uint64_t outq_move(struct outq *to, struct outq *from, uint64_t max);

/*
 * Copies up to `room` bytes from the front to `to` and takes them off; returns how many, 0 from an
 * empty queue only. Bytes of a file are read, which may wait for a disk: for queues of sources that
 * give memory, or files that were written just now. ERR_IO as outq_flush.
 */
MUST_CHECK ssize_t outq_read(struct outq *q, char *to, size_t room);

struct conn;
/*
 * Sends until the queue is empty (OK) or the socket is full (ERR_AGAIN): a short write is tried
 * again, it does not mean full. ERR_AGAIN comes, too, when one call has sent its share, so that a
 * fast reader of a huge file does not stop all others; conn_flush sees to it that `writable`
 * follows in both cases. ERR_CLOSED: the peer is gone. ERR_IO: a file was shorter than promised or
 * failed (errno; ENODATA for shorter): what was promised can not be kept, the connection is to be
 * cut.
 */
MUST_CHECK int outq_flush(struct outq *q, struct conn *c);

#endif
