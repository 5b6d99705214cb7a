/*
 * redis.h - a connection to a Redis server in the worker's loop (hiredis). Commands are answered in
 * order; those of one turn go out together.
 *
 * A server that closes the connection or leaves a command without an answer for too long is away:
 * whoever waits is told at once, and no one is made to wait until it answers again. It is tried
 * again and again, at growing distances.
 */
#ifndef MIDDLEWARE_REDIS_H
#define MIDDLEWARE_REDIS_H

#include <stddef.h>
#include <stdint.h>

struct redis;
struct redis_ask;
struct redisReply;

struct redis_command {
	int count;
	const char *words[8]; /* NUL-terminated */
};

/* `reply` is hiredis's, borrowed; NULL: there is none and will be none. */
typedef void (*redis_fn)(void *ctx, const struct redisReply *reply);

/*
 * In a worker, before its loop runs: a name is looked up here, which may take a while. Equal URLs
 * (and time-outs) share a connection. The URL is one that redis_url_parse takes.
 */
struct redis *redis_open(const char *url, uint64_t timeout_ms);
void redis_close(struct redis **redis);
const char *redis_name(const struct redis *redis); /* without the password */

/* NULL: the server is away. Otherwise on_reply is called once, later, unless it is forgotten. */
struct redis_ask *redis_ask(
    struct redis *redis, const struct redis_command *command, redis_fn on_reply, void *ctx);
void redis_forget(struct redis_ask *ask);

#endif
