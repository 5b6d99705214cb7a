/*
 * state.h - what the master knows. One struct, shared by the files that are the master: master.c,
 * intake.c, reload.c, upgrade.c, status.c, control commands. Each part is written by the file that
 * it is named after.
 */
#ifndef PROCESS_STATE_H
#define PROCESS_STATE_H

#include "base/buf.h"
#include "process/control.h"
#include "process/generation.h"
#include "process/master.h"
#include "process/notify.h"
#include "process/pidfile.h"
#include "process/privileges.h"
#include "process/signals.h"

enum master_phase {
	PHASE_STARTING, /* no generation has served yet: what fails ends the master */
	PHASE_RUNNING,
	PHASE_STOPPING, /* ends when the last worker is gone */
};

/* A reload on its way. */
enum reload_phase {
	RELOAD_IDLE,
	RELOAD_WAITING,  /* the new generation starts */
	RELOAD_SETTLING, /* it serves; the old one closes its ears */
};

struct reload {
	enum reload_phase phase;
	uint64_t settle_by_ms;
	struct buf notes; /* lines for the verdict: warnings, keys that need a restart */
};

/* An upgrade on its way, seen from the old master. */
enum upgrade_phase {
	UPGRADE_IDLE,
	UPGRADE_STARTING, /* the successor gets ready */
	UPGRADE_HANDING,  /* it takes the files over */
	UPGRADE_DONE,     /* it is the master */
};

struct upgrade {
	enum upgrade_phase phase;
	char *binary; /* the file to start; owned */
	pid_t pid;    /* of the successor; 0: there is none */
	int channel;
	uint64_t deadline_ms;
	uint64_t kill_ms; /* a successor that failed must be gone by then; 0: none */
};

/* The same, seen from the new one. */
struct predecessor {
	int channel;     /* -1: gone, or never was */
	bool waiting;    /* he is the one in charge yet */
	bool told;       /* that we serve */
	unsigned sweeps; /* of the scoreboard, still to be made */
	uint64_t sweep_ms;
};

struct master {
	const struct master_options *options;
	enum master_phase phase;
	int status; /* exit status */
	uint64_t started_ms;
	sigset_t waiting; /* the mask for ppoll */
	struct scoreboard *board;
	struct privileges privileges;
	struct pidfile pidfile;
	struct control control;
	struct listener_set
	    adopted; /* from systemd or a predecessor; empty once the first generation serves */
	struct list generations;          /* oldest first */
	struct generation *current;       /* the one that serves; NULL before the first does */
	struct generation *next;          /* the one that starts; NULL without */
	const struct generation *speaker; /* whose error log is the master's */
	struct errorlog log;              /* that one, when its generation is gone */
	unsigned last_generation;
	struct reload reload;
	struct upgrade upgrade;
	struct predecessor predecessor;
	struct notify notify;
	uint64_t look_ms; /* when to look at files next */
	int daemon_fd;    /* the parent waits at its other end; -1: none does */
	bool detached;
	bool activated; /* the sockets came from a service manager: their files are his */
	bool handed;    /* a successor is in charge */
};

/* Ends what is under way: the verdict goes to the log and to the clients that asked for `order`. */
void master_verdict(struct master *m, enum order order, bool good, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A successor serves: the workers drain, then this process ends. */
void master_hand_over(struct master *m);

#endif
