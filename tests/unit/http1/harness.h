/*
 * harness.h - the engine between a socketpair and an application that does what the path says, for
 *the tests of http1/.
 *
 *	/ignore          answers without looking at the content
 *	/hold            is answered by the test: harness.held
 *	/status/NNN      answers with this status, with a body where there may be one
 *	/close           asks for the end of the connection
 *	/big             1 MiB from memory
 *	/source/LEN/HAS  a source that promises LEN bytes ("-" for unknown) and has HAS, in pieces
 *of 5 bytes /fail            a source that promises 10 bytes, gives 5 and fails /wait            a
 *source that waits: harness.waiting /hints           103 before the answer /slow            reads
 *the content, but its sink takes 5 bytes and says full: harness.full /eager           answers at
 *once, then reads the content anything else    reads the content and gives it back, or "hello" if
 *there was none
 */
#ifndef TESTS_HTTP1_HARNESS_H
#define TESTS_HTTP1_HARNESS_H

#include "http/app.h"
#include "http/server.h"
#include "net/acceptor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>

struct harness {
	const struct protocol *protocol; /* that a connection begins with */
	struct net_worker net;
	struct http_server server;
	const struct http_terms *terms; /* of all routes; NULL: the server's */
	size_t cut;                     /* the most bytes that a recv or send moves; 0: any */
	unsigned recvs;                 /* calls of the transport */
	unsigned sends;
	struct request *held; /* of /hold, /wait and /slow, while the app has it */
	unsigned sources_closed;
	unsigned sinks_aborted;
	unsigned heads;
	unsigned dones;
	unsigned aborts;
	unsigned refusals;
	enum abort_reason abort_reason;
	int refused_status;
	uint64_t content_sent; /* of the last that ended */
	char content[4096];    /* what the last sink got */
	size_t content_len;
	/* Of the client. */
	char got[2 << 20];
	size_t got_len;
	bool eof;
	bool reset;
};
extern struct harness harness;

/* A loop, a worker, limits and time-outs that no test reaches by accident. */
void harness_start(void);
void harness_stop(void);

int harness_connect(void); /* the client's end: non-blocking */
void harness_send(int fd, const char *bytes, size_t len);
#define SEND(fd, literal) harness_send(fd, literal, sizeof(literal) - 1)

/* Turns the loop and reads until the server has nothing more to say; what came is added to
 * harness.got. */
void harness_settle(int fd);
/* The same until so many bytes or the end have come; fails after 5 s. */
void harness_receive(int fd, size_t bytes);
void harness_receive_end(int fd);
void harness_forget(void); /* what was got so far */

/* Whether harness.got has this text, and how often. */
unsigned harness_count(const char *text);
#define assert_got(text) assert_true(harness_count(text) > 0)
#define assert_not_got(text) assert_int_equal(harness_count(text), 0)

/* Connects, sends, lets it settle; the client's end comes back. */
int harness_talk(const char *bytes, size_t len);
#define TALK(literal) harness_talk(literal, sizeof(literal) - 1)

#endif
