/*
 * control.h - the socket where --signal and --status ask the master.
 *
 * A client connects, sends one line with a command and gets lines of text, the last of which is
 * "verdict 0" or "verdict 1". Up to CONTROL_CLIENTS at a time; none of them can make the master
 * wait: what a client does not take is kept within a bound, and after a while the client is closed.
 */
#ifndef PROCESS_CONTROL_H
#define PROCESS_CONTROL_H

#include "base/buf.h"
#include "process/signals.h"

#include <poll.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	CONTROL_CLIENTS = 16,
	CONTROL_POLLFDS = CONTROL_CLIENTS + 1,
	CONTROL_LINE = 64, /* of a command */
};

struct control_client {
	int fd; /* -1: free */
	char line[CONTROL_LINE];
	size_t len;
	bool asked; /* the command is in */
	bool waits; /* for the verdict of `order` */
	bool begun; /* the run under way is the one it waits for */
	bool done;  /* close when all is sent */
	enum order order;
	struct buf out;
	uint64_t deadline_ms;
};

struct control {
	int fd;      /* -1: not listening */
	char *path;  /* owned */
	ino_t inode; /* of the file, while it is ours */
	struct control_client clients[CONTROL_CLIENTS];
};

void control_init(struct control *c);
/*
 * ERR_DENIED when another process answers there (its pid in *holder_out), ERR_IO with errno.
 * Replaces the file of one that is gone.
 */
MUST_CHECK int control_open(struct control *c, const char *path, bool inherited, pid_t *holder_out);
/* Takes no more clients; those that are there stay. Removes the file, unless a successor has put
 * his in its place. */
void control_close(struct control *c);
void control_fini(struct control *c);

size_t control_pollfds(const struct control *c, struct pollfd *out);
uint64_t control_next_ms(const struct control *c);

/* Accepts, reads, writes, closes: whatever is possible without waiting. `status` writes the answer
 * to "status". */
typedef void (*control_status_fn)(void *ctx, struct buf *out);
void control_serve(struct control *c, uint64_t now_ms, control_status_fn status, void *ctx);

/* A run of `order` begins: those who wait for one wait for this. Who asks later waits for the next.
 */
void control_begin(struct control *c, enum order order);
/* Its end: the text (lines without the last newline) and the verdict go to those who wait for it.
 */
void control_verdict(struct control *c, enum order order, bool good, const char *text);
/* For a last word before the process ends: writes for at most a moment. */
void control_flush(struct control *c);

#endif
