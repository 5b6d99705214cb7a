/*
 * slow_log.c - requests that take as long as log.slow says, told in the error log as a warning.
 *
 * Two times are told: until the response was decided, which is the server's or the program's behind
 * it, and until it was sent, which is the client's and the network's as well. When all of them are
 * slow at once, a line in ten seconds for each route has to do.
 */
#include "middleware/slow_log.h"

#include "app/site.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/core.h"

/* Of a path in the line; the request's ID finds the rest in the access log. */
enum { PATH_SHOWN = 512 };

struct slow_log {
	uint64_t slow_us;
	struct log_gate gate;
};

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct log_settings *settings = config_settings(route, &log_group);
	if (settings->slow == 0)
		return NULL;
	struct slow_log *s = arena_zalloc(a, sizeof(*s));
	s->slow_us = (uint64_t)settings->slow * 1000;
	return s;
}

static void head(struct request *r, void *state)
{
	(void)state;
	exchange_of(r)->answered_us = clock_mono_us();
}

static void tell(const struct request *r, struct slow_log *s, uint64_t now_us)
{
	const struct exchange *x = exchange_of(r);
	char peer[NET_ADDR_TEXT] = "";
	struct slice path = slice_head(r->path, PATH_SHOWN), id = exchange_id(r);
	/* Without an answer, the wait for it is all there was. */
	uint64_t answered_us = x->answered_us ? x->answered_us : now_us;
	if (r->peer)
		net_addr_host(r->peer, peer);
	log_gated(&s->gate, LOG_LEVEL_WARNING,
	    "slow request: " SLICE_FMT " " SLICE_FMT " on " SLICE_FMT " (route " SLICE_FMT
	    ") took %llu ms, %llu ms of it until the answer began: status %d, from %s, request "
	    "" SLICE_FMT,
	    SLICE_ARG(r->method_name), SLICE_ARG(path), SLICE_ARG(x->site->name),
	    SLICE_ARG(x->route->pattern.ptr ? x->route->pattern : SLICE("none")),
	    (unsigned long long)(now_us - r->received_us) / 1000,
	    (unsigned long long)(answered_us - r->received_us) / 1000, r->response.status, peer,
	    SLICE_ARG(id));
}

static void done(struct request *r, void *state)
{
	struct slow_log *s = state;
	uint64_t now_us = clock_mono_us();
	/* Of a request that was refused unread nobody knows when it came. */
	if (!r->internal && r->received_us && now_us - r->received_us >= s->slow_us)
		tell(r, s, now_us);
}

static const struct key_group *const groups[] = { &log_group, NULL };

const struct middleware slow_log_middleware = {
	.name = "slow_log",
	.groups = groups,
	.prepare = prepare,
	.head = head,
	.done = done,
};
