/*
 * fake_worker.h - a group of workers that is no web server, for tests of the master.
 *
 * A client of its sockets sends one line:
 *   "who"    answered with "GENERATION PID", closed
 *   "hold"   kept; answered with "held" when a second line comes; closed
 *   "die"    the worker aborts with the request in hand
 * A configuration misbehaves by its key mime_types: "die" (abort before it is ready), "hang" (never
 * ready).
 */
#ifndef FAKE_WORKER_H
#define FAKE_WORKER_H

#include "process/group.h"

extern const struct worker_group fake_group;

#endif
