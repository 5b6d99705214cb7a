/*
 * signals.c - see signals.h.
 */
#include "process/signals.h"

#include <stdio.h>
#include <string.h>

static const struct {
	int number;
	enum order order;
} table[] = {
	{ SIGCHLD, ORDER_CHILD },
	{ SIGTERM, ORDER_STOP },
	{ SIGINT, ORDER_STOP },
	{ SIGQUIT, ORDER_QUIT },
	{ SIGUSR1, ORDER_REOPEN },
	{ SIGHUP, ORDER_RELOAD },
	{ SIGUSR2, ORDER_UPGRADE },
	{ SIGTTIN, ORDER_MORE },
	{ SIGTTOU, ORDER_FEWER },
};
enum { TABLE = sizeof(table) / sizeof(table[0]) };

static volatile sig_atomic_t flags[ORDERS];

static void on_signal(int number)
{
	for (size_t i = 0; i < TABLE; i++)
		if (table[i].number == number)
			flags[table[i].order] = 1;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	if (number == SIGCHLD)
		action.sa_flags |= SA_NOCLDSTOP;
	sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void table_mask(sigset_t *out)
{
	sigemptyset(out);
	for (size_t i = 0; i < TABLE; i++)
		sigaddset(out, table[i].number);
}

void signals_start(sigset_t *waiting_out)
{
	sigset_t blocked;
	table_mask(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, waiting_out);
	for (size_t i = 0; i < TABLE; i++) {
		handle(table[i].number, on_signal);
		/* Whoever started us may have had them blocked. */
		sigdelset(waiting_out, table[i].number);
	}
	handle(SIGPIPE, SIG_IGN);
}

bool order_take(enum order order)
{
	bool was = flags[order] != 0;
	flags[order] = 0;
	return was;
}

bool order_pending(enum order order)
{
	return flags[order] != 0;
}

void order_give(enum order order)
{
	flags[order] = 1;
}

static void unblock(void)
{
	sigset_t mask;
	table_mask(&mask);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

void signals_reset(void)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN,
		SIGTTOU };
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		handle(ignored[i], SIG_IGN);
	handle(SIGCHLD, SIG_DFL);
	handle(SIGTERM, SIG_DFL);
	handle(SIGALRM, SIG_DFL); /* see worker.c: it ends one that hangs */
	memset((void *)flags, 0, sizeof(flags));
	unblock();
}

void signals_default(void)
{
	for (size_t i = 0; i < TABLE; i++)
		handle(table[i].number, SIG_DFL);
	handle(SIGPIPE, SIG_DFL);
	unblock();
}

const char *signal_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{ SIGABRT, "SIGABRT" },
		{ SIGALRM, "SIGALRM" },
		{ SIGBUS, "SIGBUS" },
		{ SIGFPE, "SIGFPE" },
		{ SIGHUP, "SIGHUP" },
		{ SIGILL, "SIGILL" },
		{ SIGINT, "SIGINT" },
		{ SIGKILL, "SIGKILL" },
		{ SIGPIPE, "SIGPIPE" },
		{ SIGQUIT, "SIGQUIT" },
		{ SIGSEGV, "SIGSEGV" },
		{ SIGSYS, "SIGSYS" },
		{ SIGTERM, "SIGTERM" },
		{ SIGTRAP, "SIGTRAP" },
		{ SIGUSR1, "SIGUSR1" },
		{ SIGUSR2, "SIGUSR2" },
		{ SIGXCPU, "SIGXCPU" },
		{ SIGXFSZ, "SIGXFSZ" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	static char text[32];
	snprintf(text, sizeof(text), "signal %d", number);
	return text;
}
