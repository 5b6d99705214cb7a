/*
 * core_limits.c - the rows of limits and timeouts.
 *
 * A bound keeps out what can not be meant or can not work; its reason stands beside it.
 */
#include "config/core.h"
#include "config/report.h"

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define KB INT64_C(1024)
#define MB (1024 * KB)
#define GB (1024 * MB)

/*
 * What is decided before the site is known, or counted over all of them, stands at the top of the
 * file only; the rest may differ from route to route.
 */
#define WHOLE_SERVER SCOPE_GLOBAL

/* Limits. */

static const struct key limits_keys[] = {
	{
	    .name = "connections",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct limits_settings, connections),
	    .def = "10000",
	    .min = 1,
	    .max = 1000000, /* as many descriptors as Linux gives one process by default, nearly */
	    .scopes = WHOLE_SERVER,
	    .help = "connections open at a time, over all workers",
	},
	{
	    .name = "per_address",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct limits_settings, per_address),
	    .def = "200", /* an office behind one address, with six connections a browser */
	    .min = 0,
	    .max = 1000000,
	    .scopes = WHOLE_SERVER,
	    .help = "of these, from one address; 0: no limit",
	},
	{
	    .name = "uri",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct limits_settings, uri),
	    .def = "8k", /* RFC 9110 section 4.1 asks for 8000 octets at least */
	    .min = 64,
	    .max = 1 * MB, /* a peer can make each connection hold as much */
	    .scopes = WHOLE_SERVER,
	    .help = "bytes of a request's target",
	},
	{
	    .name = "header_size",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct limits_settings, header_size),
	    .def = "32k",
	    .min = 256, /* what the simplest clients send */
	    .max = 1 * MB,
	    .scopes = WHOLE_SERVER,
	    .help = "bytes of all header fields of a request",
	},
	{
	    .name = "headers",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct limits_settings, headers),
	    .def = "128",
	    .min = 1,
	    .max = 10000, /* looking a field up goes through them one by one */
	    .scopes = WHOLE_SERVER,
	    .help = "number of header fields of a request",
	},
	{
	    .name = "body",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct limits_settings, body),
	    .def = "10M",
	    .min = 0,
	    .max = 1024 * GB, /* arithmetic with lengths stays far from 64 bits */
	    .help = "bytes of a request's content",
	},
	{
	    .name = "body_memory",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct limits_settings, body_memory),
	    .def = "64k",
	    .min = 0,
	    .max = 1 * GB,
	    .help = "content up to this is kept in memory, more goes to a file",
	},
	{
	    .name = "pipeline",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct limits_settings, pipeline),
	    .def = "64k",
	    .min = 1 * KB,
	    .max = 16 * MB,
	    .scopes = WHOLE_SERVER,
	    .help = "bytes of requests that wait behind the one being answered",
	},
	{
	    .name = "keepalive_requests",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct limits_settings, keepalive_requests),
	    .def = "0",
	    .min = 0,
	    .max = 1000000000, /* counted in 32 bits */
	    .scopes = WHOLE_SERVER,
	    .help = "requests of one connection; 0: no limit",
	},
	KEYS_END,
};

const struct key_group limits_group = {
	.name = "limits",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = limits_keys,
	.size = sizeof(struct limits_settings),
	.help = "how much the server takes on",
};

/*
 * Time-outs. Below ten milliseconds even a peer in the same rack is cut; what waits for longer than
 * the upper bound holds its place for no use.
 */

enum { SHORTEST = 10 };

static const struct key timeouts_keys[] = {
	{
	    .name = "header",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct timeouts_settings, header),
	    .def = "10s",
	    .min = SHORTEST,
	    .max = 1 * HOUR,
	    .scopes = WHOLE_SERVER,
	    .help = "for the whole head of a request",
	},
	{
	    .name = "body",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct timeouts_settings, body),
	    .def = "30s",
	    .min = SHORTEST,
	    .max = 1 * HOUR,
	    .help = "between two pieces of a request's content",
	},
	{
	    .name = "send",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct timeouts_settings, send),
	    .def = "30s",
	    .min = SHORTEST,
	    .max = 1 * HOUR,
	    .help = "in which the client takes nothing of a response",
	},
	{
	    .name = "idle",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct timeouts_settings, idle),
	    .def = "60s",
	    .min = SHORTEST,
	    .max = 1 * DAY,
	    .scopes = WHOLE_SERVER,
	    .help = "between two requests of a connection",
	},
	{
	    .name = "drain",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct timeouts_settings, drain),
	    .def = "30s",
	    .min = 0, /* cut at once */
	    .max = 1 * DAY,
	    .scopes = WHOLE_SERVER,
	    .help = "for requests in hand to finish at a reload or stop",
	},
	{
	    .name = "notice",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct timeouts_settings, notice),
	    .def = "0s",
	    .min = 0,
	    .max = 1 * DAY,
	    .scopes = WHOLE_SERVER,
	    .help = "of drain, in which a stopping server serves on and says that it is not ready",
	},
	{
	    .name = "adaptive",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct timeouts_settings, adaptive),
	    .def = "true",
	    .scopes = WHOLE_SERVER,
	    .help = "whether idle gets shorter as connections get more",
	},
	{
	    .name = "keepalive",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct timeouts_settings, keepalive),
	    .def = "true",
	    .help = "whether a connection is kept for another request",
	},
	{
	    .name = "min_rate",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct timeouts_settings, min_rate),
	    .def = "240", /* a tenth of a slow modem: nobody real is below it for long */
	    .min = 0,
	    .max = 1 * GB,
	    .help = "bytes a second that a client must send or take in the long run; 0: any",
	},
	KEYS_END,
};

static void check_timeouts(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct timeouts_settings *t = settings;
	if (t->notice > 0 && t->notice >= t->drain && scope->kind == SCOPE_GLOBAL)
		report_mistake(report, config_place(scope, &timeouts_group, "notice"),
		    "timeouts.notice: it is a part of timeouts.drain, and leaves nothing of it "
		    "(expected "
		    "less)");
}

const struct key_group timeouts_group = {
	.name = "timeouts",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = timeouts_keys,
	.size = sizeof(struct timeouts_settings),
	.help = "how long the server waits",
	.check = check_timeouts,
};
