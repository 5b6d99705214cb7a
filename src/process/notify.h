/*
 * notify.h - tells a service manager how things are: the protocol of sd_notify(3), by hand.
 *
 * Without NOTIFY_SOCKET in the environment all of this does nothing. A manager that does not listen
 * is no reason to fail.
 */
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

#include <stdint.h>
#include <sys/types.h>

struct notify {
	int fd;                 /* -1: nobody wants to know */
	uint64_t watchdog_ms;   /* at least this often he wants to hear from us; 0: he does not */
	uint64_t watchdog_next; /* monotonic */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. They stay in the environment: a successor
 * reads them as well. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

/* In a worker: the environment no longer says how to reach the manager. */
void notify_forget(void);

void notify_ready(struct notify *n);
void notify_reloading(struct notify *n);
void notify_stopping(struct notify *n);
void notify_main_pid(struct notify *n, pid_t pid); /* somebody else is the master now */
void notify_status(struct notify *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The sign of life, when it is time for one. */
void notify_watchdog(struct notify *n, uint64_t now_ms);
uint64_t notify_next_ms(const struct notify *n); /* UINT64_MAX: never */

#endif
