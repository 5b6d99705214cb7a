/*
 * fake.h - a protocol that writes down what it is called for, and the two ends of connections, for
 * the tests of net/.
 */
#ifndef TESTS_NET_FAKE_H
#define TESTS_NET_FAKE_H

#include "net/acceptor.h"
#include "net/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

enum fake_mode {
	FAKE_HOLD,   /* reads nothing by itself */
	FAKE_READ,   /* reads until told to wait, into fake.got */
	FAKE_LINE,   /* likewise, but trusts conn_drained once a line is there */
	FAKE_CLOSE,  /* as FAKE_READ; closes when the peer does */
	FAKE_ANSWER, /* answers the first bytes with "bye\n" and closes */
	FAKE_LINGER, /* likewise, but lingers */
};

/* What all connections of a test did together; fake_reset sets it back. */
struct fake {
	enum fake_mode mode;
	int opened, readable, writable, expired, drained, culled, closed;
	int last_read; /* result of the last conn_read */
	int last_flush;
	int cull_answer; /* what cull returns; it closes on 1 */
	bool close_on_drain;
	struct conn *conn; /* opened last; NULL after close */
	char got[1 << 16];
	size_t got_len;
	/* Of fake_transport: calls, and the most bytes that one moves (0: any). */
	int recvs, sends, shutdowns;
	size_t cut;
	bool flood; /* the peer sends and takes without end, and the socket is not asked */
};
extern struct fake fake;
extern const struct protocol fake_protocol;
extern const struct transport fake_transport;

void fake_reset(enum fake_mode mode);

/* A loop and a worker for one test. */
void fake_start(struct net_worker *net, const struct net_limits *limits);
void fake_stop(struct net_worker *net);

/* A connection over a socketpair, on which the client has said `text` already; returns the client's
 * end, which blocks. */
int fake_connect(struct net_worker *net, const char *text);
void fake_say(int fd, const char *text);

/* A TCP listener of loopback, and a client of it. */
void fake_listen(struct listener *l);
void fake_unlisten(struct listener *l); /* frees its name; the acceptor closes the socket */
int fake_client(const struct listener *l);
/* Reads until `room` bytes or the end have come, turning the loop meanwhile. */
size_t fake_receive(int fd, char *to, size_t room, struct loop *loop);

/* Turns until the condition holds or 2 s are over. */
#define FAKE_UNTIL(loop, condition)                                       \
	do {                                                              \
		for (int turn_ = 0; turn_ < 400 && !(condition); turn_++) \
			loop_turn(loop, 5);                               \
		assert_true(condition);                                   \
	} while (0)

#endif
