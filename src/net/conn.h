/*
 * conn.h - one accepted connection, whatever is spoken over it.
 *
 * Registered with epoll once, edge-triggered, for both directions. Holds a read buffer only while
 * there are unread bytes (taken from a free list of the process, so hot in the processor's cache).
 * Nobody frees a connection inside a callback: conn_close marks it, the loop frees it at the end of
 * the turn.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "event/loop.h"
#include "net/addr.h"
#include "net/outq.h"
#include "net/protocol.h"
#include "net/transport.h"

enum {
	CONN_BUFFER = 16384
}; /* bytes of a read buffer: the largest field section that is parsed without moving it */

struct net_worker; /* net/acceptor.h: what all connections of a worker share */
struct listener;

struct conn {
	struct watch watch; /* .fd is the socket, -1 once closed */
	struct net_worker *net;
	const struct transport *transport;
	void *transport_state;
	const struct protocol *protocol;
	void *state;  /* the engine's */
	void *server; /* from the acceptor: what this listener serves, for the engine */
	const struct listener *listener;
	struct list node; /* in net_worker.conns, oldest first */
	struct list
	    idle_node; /* in net_worker.idle while conn_set_idle(true), longest idle first */
	struct timer timer;
	uint64_t deadline_ms; /* 0: none. The timer may fire earlier and is then set again */
	struct task task;     /* frees it */
	struct outq out;
	char *in;         /* read buffer, NULL while nothing unread is held */
	unsigned in_pos;  /* first unread byte */
	unsigned in_len;  /* end of the read bytes */
	unsigned in_cap;  /* its size: CONN_BUFFER or larger */
	unsigned turn_in; /* bytes read since the last event: see conn_read */
	struct net_addr peer;
	uint64_t accepted_ms;
	uint64_t
	    linger_bytes; /* while lingering: unsent at the last look, then what was discarded */
	unsigned flags;   /* CONN_*, read through the functions below */
};

enum {
	CONN_READABLE = 1,   /* an edge came and the socket was not read empty since */
	CONN_WRITABLE = 2,   /* likewise for writing */
	CONN_EOF = 4,        /* the peer has shut down its side */
	CONN_CLOSING = 8,    /* conn_close was called */
	CONN_LINGERING = 16, /* conn_linger was called */
	CONN_IDLE = 32,
	CONN_TURN_READ = 64, /* there was a recv since the last edge: see conn_read */
	CONN_DRAINED = 128,  /* and it was the only one, and came back short */
	CONN_HUNG = 256,     /* the last edge told of an end of file or an error behind the bytes */
	CONN_BROKEN = 512,   /* nothing can be sent or read any more */
	CONN_BLOCKED = 1024, /* conn_flush said ERR_AGAIN: writable is to be called */
	CONN_WATCHED = 2048, /* registered with epoll */
	CONN_COUNTED = 4096, /* stands in the scoreboard's table of addresses */
	CONN_SHUT = 8192,    /* our side is shut down */
	CONN_RESET = 16384,  /* the last edge told that both directions have ended */
	CONN_PAUSED = 32768, /* conn_read has had its share: readable is to be called */
};

/*
 * Reads into the buffer behind the unread bytes, once. Returns OK when bytes came; ERR_AGAIN when
 * the socket is read empty; ERR_CLOSED on end of file (CONN_EOF is set) or error (CONN_CLOSING is
 * not set: the engine decides); ERR_FULL when the buffer has no room left (see conn_grow).
 *
 * ERR_AGAIN comes, too, when one event has brought CONN_SHARE bytes, so that a fast sender does not
 * stop all others; in both cases `readable` follows. An engine that stops reading without having
 * seen ERR_AGAIN hears of no new edge, but may call conn_read again at any time.
 *
 * A read that came back short of the room it had means "empty" only to a caller that got just what
 * it waited for with the first read of a turn: conn_drained() says so, and saves the recv that
 * would say EAGAIN. In every other case the caller reads on until ERR_AGAIN, so it works with
 * sockets that return fewer bytes than they have.
 */
MUST_CHECK int conn_read(struct conn *c);
bool conn_drained(const struct conn *c);
/* 16 buffers: enough that the switch to the others costs nothing. */
enum { CONN_SHARE = 256 << 10 };

/* The peer has shut down its side in order: nothing more comes, answers still go. False after an
 * error. */
static inline bool conn_eof(const struct conn *c)
{
	return (c->flags & (CONN_EOF | CONN_BROKEN)) == CONN_EOF;
}
/* conn_close or conn_linger was called: the engine has nothing more to do but wait for `close`. */
static inline bool conn_ending(const struct conn *c)
{
	return c->flags & (CONN_CLOSING | CONN_LINGERING);
}
/* What is known of its encryption; NULL: it has none. */
static inline const struct security *conn_security(struct conn *c)
{
	return c->transport->security ? c->transport->security(c) : NULL;
}
/* Our address of it; asks the kernel each time. */
void conn_local(const struct conn *c, struct net_addr *out);
/* Bytes sent that the peer has not acknowledged; asks the kernel each time. For who wants to know
 * whether a peer takes anything at all: the queue moves on in lumps of a part of the socket buffer.
 */
uint64_t conn_unacknowledged(const struct conn *c);

/* The unread bytes; borrowed until the next conn_read, conn_grow or conn_consume. */
static inline struct slice conn_peek(const struct conn *c)
{
	return c->in ? slice_of(c->in + c->in_pos, c->in_len - c->in_pos) : SLICE_NONE;
}
/* Takes n bytes off the front; bytes already consumed stay where they are until conn_release_in, so
 * slices into them hold. */
void conn_consume(struct conn *c, size_t n);
/* Puts bytes that were read by other means into the buffer, which must be empty; at most
 * CONN_BUFFER. The engine finds them with conn_peek. */
void conn_unread(struct conn *c, struct slice bytes);
/* Gives the buffer back if nothing unread is in it. Slices into it end here. */
void conn_release_in(struct conn *c);
/* Moves the unread bytes to a buffer of at least `room` bytes. Slices into the old one end.
 * ERR_FULL over max. */
MUST_CHECK int conn_grow(struct conn *c, size_t room, size_t max);

/* Sends c->out; errors as outq_flush. When ERR_AGAIN comes, protocol->writable follows. */
MUST_CHECK int conn_flush(struct conn *c);

/*
 * Hands the connection over to another protocol, unread bytes and all: `close` of the old one, then
 * `open` and `readable` of the new one. The last thing that the old engine does in a callback.
 */
void conn_switch(struct conn *c, const struct protocol *protocol);

/* Calls protocol->expired at this monotonic time; 0 for never. Cheap: meant for every request. */
void conn_set_deadline(struct conn *c, uint64_t due_ms);
/* Whether the connection can be culled (it waits for a next request). */
void conn_set_idle(struct conn *c, bool idle);

/* Drops what is unsent and closes at the end of this turn. May be called twice. */
void conn_close(struct conn *c);
/* The same in order, with nothing unsent: the peer is told, where the transport has words for it.
 */
void conn_finish(struct conn *c);
/*
 * Sends what is left, shuts down our side, then reads and discards what the peer still sends until
 * it closes, so that the kernel does not answer its bytes with a reset that eats our last words; at
 * most NET_LINGER_MS and NET_LINGER_BYTES. While something is left to send, it has to move on by
 * NET_LINGER_STEP bytes in NET_LINGER_MS; an engine with rules of its own for slow readers calls
 * this once its queue is empty. The engine is not called again, but for `close`.
 */
void conn_linger(struct conn *c);
enum { NET_LINGER_MS = 2000, NET_LINGER_BYTES = 4 << 20, NET_LINGER_STEP = 1024 };

/*
 * Makes a connection of a connected, non-blocking socket, which it takes, and calls the protocol's
 * open and readable at once: whoever accepts often has the first request's bytes already, and a
 * connection that is answered and closed right here was never registered with epoll. `counted`:
 * score_address_add was called for it. For the acceptor, and for tests over a socketpair.
 */
struct acceptor_spec;
void conn_start(struct net_worker *net, const struct acceptor_spec *spec, int fd,
    const struct net_addr *peer, bool counted);

#endif
