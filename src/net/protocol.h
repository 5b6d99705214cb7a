/*
 * protocol.h - what a protocol engine gives the connection layer. Constant structs, listed in
 * modules.c.
 *
 * All calls come from the loop, never nested. The engine closes with conn_close or conn_linger;
 * `close` is called once afterwards, at the end of the turn, to free the engine's state.
 */
#ifndef NET_PROTOCOL_H
#define NET_PROTOCOL_H

struct conn;

struct protocol {
	/* "http", "gopher": as in the configuration's listen.protocol. NULL: no connection begins
	 * with it; ALPN or another protocol leads there. */
	const char *name;
	const char *alpn; /* identifier on TLS, NULL if it has none */
	/* The connection was accepted (and its handshake is done). conn->server is the listener's.
	 */
	void (*open)(struct conn *c);
	/* There may be something to read: the engine calls conn_read until it says ERR_AGAIN or
	 * enough. */
	void (*readable)(struct conn *c);
	/* The socket takes bytes again after conn_flush said ERR_AGAIN. */
	void (*writable)(struct conn *c);
	/* The deadline of conn_set_deadline has passed; it is no longer set. */
	void (*expired)(struct conn *c);
	/* The worker is to end: finish what is in flight, accept nothing new, close when done. */
	void (*drain)(struct conn *c);
	/* Idle: closing it now loses nothing. Asked when connections run short; the engine closes
	 * it (politely) and returns 1, or returns 0. */
	int (*cull)(struct conn *c);
	/* The last call. c->out is cleared afterwards. */
	void (*close)(struct conn *c);
};

#endif
