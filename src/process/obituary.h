/*
 * obituary.h - the one line that tells how a worker died.
 */
#ifndef PROCESS_OBITUARY_H
#define PROCESS_OBITUARY_H

#include "base/scoreboard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct obituary {
	const char *group;
	unsigned number;
	pid_t pid;
	int status; /* of waitpid */
	uint64_t age_ms;
	bool replaced;
	unsigned delay_ms;             /* until then */
	const struct score_slot *slot; /* what it had in hand */
};

/*
 * "worker 3 (pid 712) killed by SIGSEGV after 5m, 17 connections lost, in hand: GET /x from
 * 192.0.2.1; replaced in 200 ms". Bytes of requests are copied as they are: the log escapes them.
 * Always terminated.
 */
void obituary_write(const struct obituary *o, char *text_out, size_t room);

/* "killed by SIGSEGV, core dumped", "exited with status 1". */
void obituary_cause(int status, char *text_out, size_t room);

#endif
