/*
 * module.h - what the program is made of: handlers and middleware, as constant structs that
 * modules.c lists.
 */
#ifndef APP_MODULE_H
#define APP_MODULE_H

#include "config/report.h"
#include "config/snapshot.h"
#include "http/request.h"

struct offload;
struct tls_contexts;
struct loop;
struct protocol;

/* What a worker offers to its modules. One a process, set before any `prepare_worker` call. */
struct app_worker {
	struct loop *loop;
	struct offload *pool;
	const struct snapshot *snapshot;
	/* The server was told to stop: this worker finishes what it has, and nobody follows. */
	bool stopping;
	const struct tls_contexts *certificates; /* NULL: no listener speaks TLS */
};
extern struct app_worker app_worker;

/*
 * A handler answers requests. It is chosen by the route's key `select` ("files", "redirect"; or by
 * handler = "NAME" if select is NULL).
 */
struct handler {
	const char *name;
	const struct key_group *const
	    *groups; /* its settings' groups, NULL-terminated; may be NULL */
	const char *select;
	/* Bit METHOD_x of what it answers; 0: it sees every method. Others get 405 (OPTIONS 204)
	 * from the chain. HEAD comes with GET. */
	unsigned methods;
	/* If that depends on a route's settings, asked once a route: `state` from prepare, which
	 * may be NULL. In place of `methods`; may be NULL. */
	unsigned (*methods_of)(const void *state);
	/* It keeps what it answers with itself: `cache` in front of it would gain nothing. */
	bool keeps;
	/* In the master, while a configuration is checked: find what is wrong with the route's
	 * settings, touch the file system to look only. May be NULL. */
	void (*check)(const struct config_scope *route, struct config_report *report);
	/* In the master as well: the directory that clients may change by this route, NULL if there
	 * is none: whether the workers' user may is checked. May be NULL. */
	const char *(*writes)(const struct config_scope *route);
	/* In a worker, once a route: open what is needed; returns the handler's state for it (NULL
	 * is fine). Failures are logged and answered with 500 later. */
	void *(*prepare)(const struct config_scope *route, struct arena *arena);
	/* Gives back what prepare opened, when the worker ends. Not called for NULL. May be NULL.
	 */
	void (*release)(void *state);
	/* Answers, now or later. `state` from prepare. */
	void (*handle)(struct request *r, void *state);
	/* For --explain: what would be done with this request, one line into text_out, and the
	 * status in r->response.status if it is known beforehand. May be NULL. */
	void (*explain)(struct request *r, void *state, char *text_out, size_t room);
};

/* A file that workers read while they run, and where it is named. */
typedef void (*module_file_fn)(void *ctx, const char *path, struct config_place place);

enum step { STEP_NEXT, STEP_WAIT, STEP_ANSWERED };

/*
 * A middleware stands in the way of a route's handler, in the order of modules.c. Its settings are
 * inheritable.
 */
struct middleware {
	const char *name;
	const struct key_group *const *groups;
	/* `enter` answers all CORS preflights: OPTIONS with Origin and
	 * Access-Control-Request-Method. So they are brought to it by the route of that method. */
	bool takes_preflight;
	/* `enter` refuses by who asks, as the first of `groups` says: what it guards under one name
	 * is not given out under another, see route_guarding. */
	bool guards;
	void (*check)(const struct config_scope *scope,
	    struct config_report *report); /* each scope where it is given */
	/* In the master and in workers: the files that are named at this scope and read again when
	 * they have changed. Whether the workers' user may read them is checked, and the sandbox
	 * leaves their directories open: a new file may take an old one's place. May be NULL. */
	void (*each_file)(const struct config_scope *scope, module_file_fn fn, void *ctx);
	/* Once a route: state, or NULL if it has nothing to do there: then it costs nothing. */
	void *(*prepare)(const struct config_scope *route, struct arena *arena);
	/* Gives back what prepare took, when the worker ends. May be NULL. */
	void (*release)(void *state);
	/* May answer (response_start was called), wait (chain_resume continues), or pass. May be
	 * NULL. */
	enum step (*enter)(struct request *r, void *state);
	/* May change the response's head or wrap its source. In reverse order. May be NULL. */
	void (*head)(struct request *r, void *state);
	/* Logging and counting; for every request that reached the site, also refused ones. May be
	 * NULL. */
	void (*done)(struct request *r, void *state);
	/* For --explain: what `enter` would return, decided by the same code but without a trace:
	 * nothing is taken, answered or waited for. Says in one line what and why; "" if there is
	 * nothing to say. STEP_WAIT: it depends on what only a live request can find out;
	 * STEP_ANSWERED: with r->response.status, if it is known. May be NULL. */
	enum step (*explain)(struct request *r, void *state, char *text_out, size_t room);
};

struct modules {
	const struct protocol *const *protocols; /* each NULL-terminated */
	const struct handler *const *handlers;
	const struct middleware *const *middleware;
	const struct key_group *const *groups; /* all of the above and the core's */
};

/* Continues a chain that stood at STEP_WAIT with the step after the one that waited. */
void chain_resume(struct request *r);

/*
 * Who answers later wants to know when there is nobody to answer to any more: on_gone(r, ctx) is
 * called at most once, if the request ends before a response was started, and `r` is not to be
 * touched after it returns. chain_came_back ends the wait: call it before anything else is done
 * with the request again. One waits at a time.
 */
typedef void (*chain_gone_fn)(struct request *r, void *ctx);
void chain_wait(struct request *r, chain_gone_fn on_gone, void *ctx);
void chain_came_back(struct request *r);

#endif
