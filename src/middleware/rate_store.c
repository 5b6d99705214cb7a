/*
 * rate_store.c - see rate_store.h.
 *
 * The arithmetic is base/bucket_table.c's, done by the server in a script, so that each take is one
 * step for all machines, and by the server's clock, so that theirs need not agree. A bucket is the
 * moment at which it is full again, and is forgotten by then.
 */
#include "middleware/rate_store.h"

#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include "middleware/redis_url.h"

#if HAVE_HIREDIS
#include "middleware/redis.h"
#include "tls/digest.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

enum {
	/* Whoever sees the server's keys learns neither users nor API keys from them. */
	KEY_BYTES = 16,
	KEY_TEXT = sizeof("httpd:rate:") + 16 + 1 + 2 * KEY_BYTES,
	SHA1_TEXT = 2 * DIGEST_SHA1 + 1,
};

static const char script[] =
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000000 + time[2]\n"
    "local interval = tonumber(ARGV[1])\n"
    "local window = interval * tonumber(ARGV[2])\n"
    "local debt = tonumber(redis.call('GET', KEYS[1]) or 0) - now\n"
    "debt = math.min(math.max(debt, 0), window)\n"
    "if debt + interval > window then\n"
    "  return { 0, debt }\n"
    "end\n"
    "debt = debt + interval\n"
    "redis.call('SET', KEYS[1], string.format('%.0f', now + debt), 'PX', math.ceil(debt / 1000))\n"
    "return { 1, debt }\n";

struct rate_store {
	struct redis *redis;
	char sha1[SHA1_TEXT];
};

struct rate_ask {
	struct rate_asker asker;
	struct rate_store *store;
	struct redis_ask *ask;
	struct bucket_rule rule;
	bool whole; /* the script was sent */
	char key[KEY_TEXT];
};

static void hex(const unsigned char *bytes, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < count; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

const char *rate_store_check(const char *text)
{
	struct arena a = { 0 };
	struct redis_url url;
	const char *why;
	int rc = redis_url_parse(text, &a, &url, &why);
	arena_fini(&a);
	return rc < 0 ? why : NULL;
}

struct rate_store *rate_store_open(const char *url, uint64_t timeout_ms)
{
	unsigned char digest[DIGEST_SHA1];
	struct rate_store *store = mem_zalloc(sizeof(*store));
	digest_sha1(slice_of(script, sizeof(script) - 1), digest);
	hex(digest, sizeof(digest), store->sha1);
	store->redis = redis_open(url, timeout_ms);
	return store;
}

void rate_store_release(struct rate_store **store)
{
	if (!*store)
		return;
	redis_close(&(*store)->redis);
	mem_free(*store);
	*store = NULL;
}

const char *rate_store_name(const struct rate_store *store)
{
	return redis_name(store->redis);
}

const char *rate_store_library(void)
{
	static char text[40];
	snprintf(
	    text, sizeof(text), "hiredis %d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
	return text;
}

/* Addresses are as long as this and stand there as they are. */
static void write_key(const struct rate_subject *subject, char out[KEY_TEXT])
{
	unsigned char digest[DIGEST_SHA256];
	if (subject->key.ptr == (const char *)subject->address)
		memcpy(digest, subject->key.ptr, KEY_BYTES);
	else
		digest_sha256(subject->key, digest);
	int n =
	    snprintf(out, KEY_TEXT, "httpd:rate:%016llx:", (unsigned long long)subject->rule->id);
	hex(digest, KEY_BYTES, out + n);
}

static void on_reply(void *ctx, const struct redisReply *reply);

static int send_to_server(struct rate_ask *ask)
{
	char interval[24], burst[16];
	struct redis_command command = { 6,
		{ ask->whole ? "EVAL" : "EVALSHA", ask->whole ? script : ask->store->sha1, "1",
		    ask->key, interval, burst } };
	snprintf(interval, sizeof(interval), "%llu", (unsigned long long)ask->rule.interval_us);
	snprintf(burst, sizeof(burst), "%u", ask->rule.burst);
	ask->ask = redis_ask(ask->store->redis, &command, on_reply, ask);
	return ask->ask ? OK : ERR_CLOSED;
}

static bool is_verdict(const struct redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	       reply->element[0]->type == REDIS_REPLY_INTEGER &&
	       reply->element[1]->type == REDIS_REPLY_INTEGER && reply->element[1]->integer >= 0;
}

/* Not away, but of no use: full, still loading, a replica. */
static void complain(const struct rate_ask *ask, const struct redisReply *reply)
{
	static struct log_gate gate;
	log_gated(&gate, LOG_LEVEL_WARNING,
	    "%s does not count: %s; this machine counts for itself meanwhile",
	    redis_name(ask->store->redis),
	    reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer of another form");
}

static void answer(struct rate_ask *ask, const struct redisReply *reply)
{
	struct rate_asker asker = ask->asker;
	struct bucket_rule rule = ask->rule;
	struct bucket_state bucket;
	bool verdict = reply && is_verdict(reply);
	if (reply && !verdict)
		complain(ask, reply);
	mem_free(ask);
	if (verdict)
		bucket_describe(&rule, (uint64_t)reply->element[1]->integer, &bucket);
	asker.on_answer(asker.r, asker.ctx, verdict && reply->element[0]->integer == 1,
	    verdict ? &bucket : NULL);
}

/* A server that was started meanwhile does not know the script. */
static void on_reply(void *ctx, const struct redisReply *reply)
{
	struct rate_ask *ask = ctx;
	bool unknown = reply && reply->type == REDIS_REPLY_ERROR && !ask->whole &&
		       strncmp(reply->str, "NOSCRIPT", 8) == 0;
	ask->whole = true;
	if (!unknown || send_to_server(ask) < 0)
		answer(ask, unknown ? NULL : reply);
}

struct rate_ask *rate_store_ask(
    struct rate_store *store, const struct rate_subject *subject, const struct rate_asker *asker)
{
	struct rate_ask *ask = mem_zalloc(sizeof(*ask));
	ask->asker = *asker;
	ask->store = store;
	ask->rule = *subject->rule;
	write_key(subject, ask->key);
	if (send_to_server(ask) == OK)
		return ask;
	mem_free(ask);
	return NULL;
}

void rate_store_forget(struct rate_ask *ask)
{
	redis_forget(ask->ask);
	mem_free(ask);
}
#else
const char *rate_store_check(const char *url)
{
	(void)url;
	return "this httpd was built without hiredis (leave the key out, or build with "
	       "libhiredis)";
}

struct rate_store *rate_store_open(const char *url, uint64_t timeout_ms)
{
	(void)url, (void)timeout_ms;
	return NULL;
}

void rate_store_release(struct rate_store **store)
{
	(void)store;
}

const char *rate_store_name(const struct rate_store *store)
{
	(void)store;
	return "";
}

const char *rate_store_library(void)
{
	return NULL;
}

struct rate_ask *rate_store_ask(
    struct rate_store *store, const struct rate_subject *subject, const struct rate_asker *asker)
{
	(void)store, (void)subject, (void)asker;
	return NULL;
}

void rate_store_forget(struct rate_ask *ask)
{
	(void)ask;
}
#endif
