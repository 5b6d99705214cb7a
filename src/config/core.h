/*
 * core.h - the settings that belong to no module: processes, listeners, log, limits, time-outs,
 * sites and routes.
 */
#ifndef CONFIG_CORE_H
#define CONFIG_CORE_H

#include "config/snapshot.h"

struct core_settings { /* directly at the top of the file */
	const char *user;
	const char *group;
	int64_t workers; /* 0: as many as processors this process may use */
	const char *pid_file;
	const char *control;
	const char *mime_types;
};

enum listen_tls { LISTEN_PLAIN, LISTEN_TLS, LISTEN_TLS_SELF };

struct listen_settings { /* an entry of listen */
	const char *address;
	int64_t port;
	const char *protocol; /* "http" ... */
	int64_t backlog;
	int64_t mode;      /* of a unix socket */
	const char *owner; /* likewise: "user" or "user:group" */
	int tls;           /* enum listen_tls */
	bool http2;        /* h2c by prior knowledge, h2 by ALPN */
};

struct log_settings {
	const char *access; /* a path, "-", "off", "syslog:FACILITY" */
	const char *format; /* "common", "combined", "json" or a template */
	struct config_strings skip;
	struct config_ints skip_status;
	int64_t slow; /* milliseconds; 0: off */
	const char *error;
	int level; /* enum log_level */
};

struct limits_settings {
	int64_t connections; /* over all workers */
	int64_t per_address;
	int64_t uri;                /* bytes of the request target */
	int64_t header_size;        /* bytes of all fields; of one too */
	int64_t headers;            /* their number */
	int64_t body;               /* bytes of a request's content */
	int64_t body_memory;        /* more goes to a file, for handlers that need the whole */
	int64_t pipeline;           /* bytes of requests that wait behind the one being answered */
	int64_t keepalive_requests; /* of one connection; 0: without end */
};

struct timeouts_settings { /* all in milliseconds */
	int64_t header;
	int64_t body;
	int64_t send;
	int64_t idle;
	int64_t drain;
	int64_t notice; /* of the time to drain, before anything else is done about it */
	bool adaptive;
	bool keepalive;
	/* Bytes a second that a peer must send or take in the long run, after the first seconds. */
	int64_t min_rate;
};

struct site_settings {
	struct config_strings names;
	const char *root;
};

struct route_settings {
	const char *own_path;   /* as written here; NULL in a group that only gathers routes */
	const char *group_path; /* of the groups around it, without a slash at the end; or "" */
	/* Both, one after the other: of a route what it is called, of a group what the paths of its
	 * routes begin with. */
	const char *path;
	const char *host;
	struct config_strings methods;
	const char *handler; /* one without settings: "health", "metrics", "status" */
};

extern const struct key_group core_group, listen_group, log_group, limits_group, timeouts_group,
    site_group, route_group;

/* The bound keeps recursion over groups harmless, and a file readable. */
enum { ROUTE_DEPTH_MAX = 8 };

static inline const struct core_settings *core_settings(const struct snapshot *s)
{
	return config_settings(s->global, &core_group);
}

#endif
