/*
 * signals.h - what signals ask of the master, as flags.
 *
 * The handlers only set flags. All signals are blocked except while the master waits in ppoll with
 * the mask that signals_start gives, so none can slip in between looking at a flag and falling
 * asleep.
 */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

enum order {
	ORDER_CHILD,   /* CHLD: a child has ended */
	ORDER_STOP,    /* TERM, INT */
	ORDER_QUIT,    /* QUIT */
	ORDER_REOPEN,  /* USR1 */
	ORDER_RELOAD,  /* HUP */
	ORDER_UPGRADE, /* USR2 */
	ORDER_MORE,    /* TTIN */
	ORDER_FEWER,   /* TTOU */
	ORDERS,
};

/* In the master: installs the handlers, ignores SIGPIPE, blocks. The mask is for ppoll. */
void signals_start(sigset_t *waiting_out);

/* Whether it was ordered since the last call, by signal or by order_give; clears the flag. */
bool order_take(enum order order);
bool order_pending(enum order order);
void order_give(enum order order);

/* In a child that becomes a worker: forgets the master's handlers and orders, and lets signals
 * through again. What a terminal or a careless operator sends to the whole group is for the master
 * alone and ignored. */
void signals_reset(void);

/* In a child that becomes another program: everything as a program expects it. */
void signals_default(void);

/* "SIGSEGV"; "signal 99" for one without a name (in static storage). */
const char *signal_name(int number);

#endif
