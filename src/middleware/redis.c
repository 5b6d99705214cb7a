/*
 * redis.c - see redis.h.
 *
 *   CONNECTING  the connection is made and greeted (AUTH, SELECT, PING); at the worker's start
 *               commands queue behind the greeting, later on nobody waits for it
 *   READY       the greeting was answered
 *   AWAY        no connection; a timer tries again, unless the name has no address
 *
 * hiredis frees its context by itself after an error, and calls what is still unanswered with NULL
 * before that. So `context` is cleared in the hook that it calls last, and everything that an error
 * may reach goes through lose(), which is harmless the second time.
 */
#include "middleware/redis.h"

#include "app/module.h"
#include "base/log.h"
#include "base/mem.h"
#include "event/loop.h"
#include "middleware/redis_url.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum {
	ADDRESSES = 4, /* "localhost" has two; more of one server are seldom better */
	GREETING_MS = 2000,
	/* A restart of the server takes a second or two. After a long time a try every ten seconds
	 * is not felt by anybody. */
	RETRY_MIN_MS = 200,
	RETRY_MAX_MS = 10000,
};

enum redis_state { REDIS_CONNECTING, REDIS_READY, REDIS_AWAY };

struct redis_ask {
	struct list node;
	struct redis *redis;
	redis_fn on_reply; /* NULL: forgotten */
	void *ctx;
	uint64_t due_ms;
};

struct redis {
	struct list node;
	unsigned refs;
	struct arena arena;
	const char *text; /* of the URL, by which it is found */
	struct redis_url url;
	uint64_t timeout_ms;
	char hosts[ADDRESSES][NET_ADDR_TEXT]; /* numeric */
	unsigned host_count, host;            /* of a unix socket one */
	unsigned failures;                    /* tries without success since the last one */
	uint64_t retry_ms;
	enum redis_state state;
	redisAsyncContext *context;
	struct watch watch;
	bool connected;
	bool wants_write, watches_write, writing;
	struct task flush;
	struct timer due, retry;
	uint64_t greeted_ms; /* when the greeting has to be answered */
	struct list asks;    /* the oldest first */
	bool told;           /* that it is away */
	bool closed;         /* nobody has it any more: freed with the next flush */
};

static struct list all = { &all, &all };

static void connect_now(struct redis *redis);

/* --- losing it --- */

/* One address after the other at once, then with a pause. */
static void set_retry(struct redis *redis)
{
	uint64_t wait_ms = 0;
	redis->host = (redis->host + 1) % redis->host_count;
	if (++redis->failures % redis->host_count == 0) {
		wait_ms = redis->retry_ms;
		redis->retry_ms = wait_ms * 2 < RETRY_MAX_MS ? wait_ms * 2 : RETRY_MAX_MS;
	}
	timer_set(app_worker.loop, &redis->retry, loop_now_ms(app_worker.loop) + wait_ms);
}

static void lose(struct redis *redis, const char *why)
{
	if (redis->state == REDIS_AWAY)
		return;
	redis->state = REDIS_AWAY;
	timer_clear(app_worker.loop, &redis->due);
	set_retry(redis);
	if (redis->told || redis->failures < redis->host_count)
		return;
	redis->told = true;
	log_warning("cannot use %s: %s; this machine counts for itself meanwhile", redis->url.name,
	    why && *why ? why : "the connection was closed");
}

/* Unanswered commands are answered with NULL in here. */
static void drop(struct redis *redis, const char *why)
{
	lose(redis, why);
	if (redis->context)
		redisAsyncFree(redis->context);
}

static void on_due(struct timer *t)
{
	struct redis *redis = CONTAINER_OF(t, struct redis, due);
	uint64_t due_ms = redis->state == REDIS_CONNECTING ? redis->greeted_ms : UINT64_MAX;
	if (!list_empty(&redis->asks)) {
		uint64_t first = CONTAINER_OF(redis->asks.next, struct redis_ask, node)->due_ms;
		due_ms = first < due_ms ? first : due_ms;
	}
	if (due_ms <= loop_now_ms(app_worker.loop))
		drop(redis, "no answer in time");
	else if (due_ms < UINT64_MAX)
		timer_set(app_worker.loop, &redis->due, due_ms);
}

static void on_retry(struct timer *t)
{
	connect_now(CONTAINER_OF(t, struct redis, retry));
}

/* --- hiredis and the loop --- */

static void watch_events(struct redis *redis)
{
	struct loop *loop = app_worker.loop;
	if (!redis->context || redis->watches_write == redis->wants_write)
		return;
	loop_remove(loop, &redis->watch);
	redis->watches_write = redis->wants_write;
	if (loop_add(loop, &redis->watch, EPOLLIN | (redis->wants_write ? EPOLLOUT : 0)) < 0)
		drop(redis, strerror(errno));
}

static void write_now(struct redis *redis)
{
	redis->writing = true;
	redisAsyncHandleWrite(redis->context);
	redis->writing = false;
}

static void on_event(struct watch *w, uint32_t events)
{
	struct redis *redis = CONTAINER_OF(w, struct redis, watch);
	if (!redis->context)
		return;
	bool failed = events & (EPOLLERR | EPOLLHUP);
	if ((events & EPOLLOUT) || (failed && !redis->connected))
		write_now(redis);
	if (redis->context && redis->connected && ((events & EPOLLIN) || failed))
		redisAsyncHandleRead(redis->context);
	watch_events(redis);
}

static void free_closed(struct redis *redis)
{
	arena_fini(&redis->arena);
	mem_free(redis);
}

static void on_flush(struct task *t)
{
	struct redis *redis = CONTAINER_OF(t, struct redis, flush);
	if (redis->closed) {
		free_closed(redis);
		return;
	}
	if (!redis->context || !redis->connected || !redis->wants_write)
		return;
	write_now(redis);
	watch_events(redis); /* what the socket did not take waits for it */
}

static void on_read_wanted(void *ctx)
{
	(void)ctx; /* it always is */
}

static void on_write_wanted(void *ctx)
{
	struct redis *redis = ctx;
	redis->wants_write = true;
	if (redis->connected && !redis->writing && !redis->watches_write)
		loop_defer(app_worker.loop, &redis->flush);
}

static void on_all_written(void *ctx)
{
	struct redis *redis = ctx;
	redis->wants_write = false;
}

static void on_cleanup(void *ctx)
{
	struct redis *redis = ctx;
	loop_remove(app_worker.loop, &redis->watch);
	redis->context = NULL;
	redis->connected = false;
}

/* --- commands --- */

static int send_command(
    struct redis *redis, redisCallbackFn *fn, void *ctx, const struct redis_command *command)
{
	const char **words = (const char **)command->words;
	return redisAsyncCommandArgv(redis->context, fn, ctx, command->count, words, NULL) ==
		       REDIS_OK
		   ? OK
		   : ERR_CLOSED;
}

static void on_reply(redisAsyncContext *context, void *reply, void *ctx)
{
	struct redis_ask *ask = ctx;
	redis_fn fn = ask->on_reply;
	void *fn_ctx = ask->ctx;
	if (!reply)
		lose(ask->redis, context->errstr);
	list_remove(&ask->node);
	mem_free(ask);
	if (fn)
		fn(fn_ctx, reply);
}

static bool may_ask(const struct redis *redis)
{
	if (!redis->context)
		return false;
	return redis->state == REDIS_READY ||
	       (redis->state == REDIS_CONNECTING && redis->failures == 0);
}

struct redis_ask *redis_ask(
    struct redis *redis, const struct redis_command *command, redis_fn fn, void *ctx)
{
	if (!may_ask(redis))
		return NULL;
	struct redis_ask *ask = mem_alloc(sizeof(*ask));
	*ask = (struct redis_ask){ .redis = redis, .on_reply = fn, .ctx = ctx };
	ask->due_ms = loop_now_ms(app_worker.loop) + redis->timeout_ms;
	if (send_command(redis, on_reply, ask, command) < 0) {
		mem_free(ask);
		return NULL;
	}
	/* It may go off for one that was answered long ago; then it is set to the oldest. */
	if (redis->due.due_ms == 0 || redis->due.due_ms > ask->due_ms)
		timer_set(app_worker.loop, &redis->due, ask->due_ms);
	list_append(&redis->asks, &ask->node);
	return ask;
}

void redis_forget(struct redis_ask *ask)
{
	ask->on_reply = NULL;
}

/* --- the greeting --- */

static void on_greeted(redisAsyncContext *context, void *reply, void *ctx)
{
	const struct redisReply *said = reply;
	struct redis *redis = ctx;
	if (!said || said->type == REDIS_REPLY_ERROR) {
		drop(redis, said ? said->str : context->errstr);
		return;
	}
	if (said->type != REDIS_REPLY_STATUS || strcmp(said->str, "PONG") != 0 ||
	    redis->state != REDIS_CONNECTING)
		return;
	redis->state = REDIS_READY;
	redis->failures = 0;
	redis->retry_ms = RETRY_MIN_MS;
	if (redis->told)
		log_notice("%s answers again", redis->url.name);
	redis->told = false;
}

static int greet(struct redis *redis)
{
	const struct redis_url *url = &redis->url;
	char database[16];
	snprintf(database, sizeof(database), "%u", url->database);
	struct redis_command login = { 2, { "AUTH", url->password } };
	struct redis_command login_as = { 3, { "AUTH", url->user, url->password } };
	struct redis_command choose = { 2, { "SELECT", database } };
	struct redis_command ping = { 1, { "PING" } };
	if (url->password &&
	    send_command(redis, on_greeted, redis, url->user ? &login_as : &login) < 0)
		return ERR_CLOSED;
	if (url->database > 0 && send_command(redis, on_greeted, redis, &choose) < 0)
		return ERR_CLOSED;
	return send_command(redis, on_greeted, redis, &ping);
}

static void on_connected(const redisAsyncContext *context, int status)
{
	struct redis *redis = context->ev.data;
	if (status == REDIS_OK)
		redis->connected = true;
	else
		lose(redis, context->errstr);
}

static void on_disconnected(const redisAsyncContext *context, int status)
{
	(void)status;
	lose(context->data, context->errstr);
}

/* --- connecting --- */

static void attach(struct redis *redis, redisAsyncContext *context)
{
	context->data = redis;
	context->ev.data = redis;
	context->ev.addRead = on_read_wanted;
	context->ev.delRead = on_read_wanted;
	context->ev.addWrite = on_write_wanted;
	context->ev.delWrite = on_all_written;
	context->ev.cleanup = on_cleanup;
	redis->context = context;
	redis->connected = false;
	redis->wants_write = redis->watches_write = true; /* that is when it is connected */
	redis->watch = (struct watch){ .fd = context->c.fd, .on_event = on_event };
	redisAsyncSetConnectCallback(context, on_connected);
	redisAsyncSetDisconnectCallback(context, on_disconnected);
}

static void connect_now(struct redis *redis)
{
	const struct redis_url *url = &redis->url;
	if (redis->host_count == 0) { /* its name is nobody's: away for good */
		redis->state = REDIS_AWAY;
		return;
	}
	redis->state = REDIS_CONNECTING;
	redisAsyncContext *context =
	    url->path ? redisAsyncConnectUnix(url->path)
		      : redisAsyncConnect(redis->hosts[redis->host], (int)url->port);
	if (!context || context->err) {
		lose(redis, context ? context->errstr : strerror(ENOMEM));
		if (context)
			redisAsyncFree(context);
		return;
	}
	fcntl(context->c.fd, F_SETFD, FD_CLOEXEC);
	attach(redis, context);
	redis->greeted_ms = loop_now_ms(app_worker.loop) + GREETING_MS;
	timer_set(app_worker.loop, &redis->due, redis->greeted_ms);
	if (loop_add(app_worker.loop, &redis->watch, EPOLLIN | EPOLLOUT) < 0 || greet(redis) < 0)
		drop(redis, strerror(errno));
}

/* Here, where it may take its time; confined, a worker could not look names up. */
static void resolve(struct redis *redis)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	if (redis->url.path) {
		redis->host_count = 1;
		return;
	}
	int rc = getaddrinfo(redis->url.host, NULL, &hints, &list);
	if (rc != 0)
		log_warning("cannot use %s: %s; this machine counts for itself until a reload",
		    redis->url.name, gai_strerror(rc));
	for (const struct addrinfo *ai = list; ai && redis->host_count < ADDRESSES;
	     ai = ai->ai_next)
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, redis->hosts[redis->host_count],
			NET_ADDR_TEXT, NULL, 0, NI_NUMERICHOST) == 0)
			redis->host_count++;
	if (list)
		freeaddrinfo(list);
}

static struct redis *find(const char *url, uint64_t timeout_ms)
{
	LIST_EACH (node, &all) {
		struct redis *redis = CONTAINER_OF(node, struct redis, node);
		if (strcmp(redis->text, url) == 0 && redis->timeout_ms == timeout_ms)
			return redis;
	}
	return NULL;
}

struct redis *redis_open(const char *url, uint64_t timeout_ms)
{
	struct redis *redis = find(url, timeout_ms);
	const char *why;
	if (redis) {
		redis->refs++;
		return redis;
	}
	redis = mem_zalloc(sizeof(*redis));
	redis->refs = 1;
	redis->text = arena_strdup(&redis->arena, url);
	redis->timeout_ms = timeout_ms;
	redis->retry_ms = RETRY_MIN_MS;
	redis->flush.run = on_flush;
	redis->due.on_due = on_due;
	redis->retry.on_due = on_retry;
	list_init(&redis->asks);
	list_append(&all, &redis->node);
	if (redis_url_parse(url, &redis->arena, &redis->url, &why) == OK)
		resolve(redis);
	connect_now(redis);
	return redis;
}

void redis_close(struct redis **redis)
{
	struct redis *old = *redis;
	*redis = NULL;
	if (!old || --old->refs > 0)
		return;
	old->told = true; /* nothing is lost that anybody wants */
	drop(old, NULL);
	timer_clear(app_worker.loop, &old->due);
	timer_clear(app_worker.loop, &old->retry);
	list_remove(&old->node);
	old->closed = true; /* a flush may be due already */
	loop_defer(app_worker.loop, &old->flush);
}

const char *redis_name(const struct redis *redis)
{
	return redis->url.name;
}
