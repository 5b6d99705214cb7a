/*
 * core.c - the rows of the settings that belong to no module, and what can be wrong with them one
 * by one.
 *
 * A bound keeps out what can not be meant or can not work; its reason stands beside it. What is
 * wrong only in comparison with other entries is found in check.c, what needs the file system
 * further above.
 */
#include "config/core.h"

#include "base/facility.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "config/check.h"
#include "config/report.h"
#include "config/suggest.h"

#include <string.h>
#include <sys/un.h>

/* The top level. */

static const struct key core_keys[] = {
	{
	    .name = "user",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct core_settings, user),
	    .reload = RELOAD_RESTART, /* sockets, logs and the control socket are handed to that
					 user once */
	    .help = "the user that workers run as, when started as root",
	},
	{
	    .name = "group",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct core_settings, group),
	    .reload = RELOAD_RESTART, /* likewise */
	    .help = "their group; without it, the user's",
	},
	{
	    .name = "workers",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct core_settings, workers),
	    .def = "0",
	    .min = 0,
	    .max = SCORE_SLOTS / 2, /* during a reload two generations share the slots */
	    .help = "number of worker processes; 0: one for each processor",
	},
	{
	    .name = "pid_file",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct core_settings, pid_file),
	    .reload = RELOAD_RESTART, /* locked for as long as the master runs */
	    .help = "the file with the master's process id",
	},
	{
	    .name = "control",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct core_settings, control),
	    .reload = RELOAD_RESTART, /* the verdict of the reload itself goes over it */
	    .help = "the socket where --signal and --status ask",
	},
	{
	    .name = "mime_types",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct core_settings, mime_types),
	    .help = "a file of media types that complete the built-in ones",
	},
	{
	    .name = "listen",
	    .type = KEY_GROUPS,
	    .group = &listen_group,
	    .help = "the addresses and ports to listen on",
	},
	{
	    .name = "sites",
	    .type = KEY_GROUPS,
	    .group = &site_group,
	    .help = "the sites to serve",
	},
	KEYS_END,
};

static void refuse_empty(const struct config_scope *scope, const struct key_group *g,
    const char *key, const char *value, struct config_report *report)
{
	if (value && !*value)
		report_mistake(report, config_place(scope, g, key),
		    "%s%s%s: \"\" is no value (leave the key out)", g->name ? g->name : "",
		    g->name ? "." : "", key);
}

static void check_core(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct core_settings *core = settings;
	refuse_empty(scope, &core_group, "user", core->user, report);
	refuse_empty(scope, &core_group, "group", core->group, report);
	refuse_empty(scope, &core_group, "pid_file", core->pid_file, report);
	refuse_empty(scope, &core_group, "control", core->control, report);
	refuse_empty(scope, &core_group, "mime_types", core->mime_types, report);
	if (core->control && strlen(core->control) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		report_mistake(report, config_place(scope, &core_group, "control"),
		    "control: the path of a socket has at most %zu bytes",
		    sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
}

const struct key_group core_group = {
	.scopes = SCOPE_GLOBAL,
	.keys = core_keys,
	.size = sizeof(struct core_settings),
	.help = "processes and files of the server",
	.check = check_core,
};

/* An entry of listen. */

static const char *const tls_choices[] = {
	[LISTEN_PLAIN] = "false",
	[LISTEN_TLS] = "true",
	[LISTEN_TLS_SELF] = "self",
	NULL,
};

static const struct key listen_keys[] = {
	{
	    .name = "address",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct listen_settings, address),
	    .def = "*",
	    .help = "an address, a host name, \"*\" (IPv6 and IPv4) or \"unix:PATH\"",
	},
	{
	    .name = "port",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct listen_settings, port),
	    .def = "8080",
	    .min = 1, /* 0 would be another port after each start */
	    .max = 65535,
	    .help = "the port; ignored for a unix socket",
	},
	{
	    .name = "protocol",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct listen_settings, protocol),
	    .def = "http",
	    .help = "the protocol spoken there",
	},
	{
	    .name = "backlog",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct listen_settings, backlog),
	    .def = "4096", /* what Linux itself permits unless told otherwise */
	    .min = 1,
	    .max = 65535, /* the kernel counts in 16 bits on some versions */
	    .help = "connections that wait to be accepted; the kernel may permit fewer",
	},
	{
	    .name = "mode",
	    .type = KEY_MODE,
	    .offset = KEY_AT(struct listen_settings, mode),
	    .def = "0666", /* as open as a port is */
	    .help = "who may connect to a unix socket",
	},
	{
	    .name = "owner",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct listen_settings, owner),
	    .help = "the owner of a unix socket, \"user\" or \"user:group\"",
	},
	{
	    .name = "tls",
	    .type = KEY_CHOICE,
	    .offset = KEY_AT(struct listen_settings, tls),
	    .def = "false",
	    .choices = tls_choices,
	    .help = "TLS with the sites' certificates, or \"self\": one made on the spot",
	},
	{
	    .name = "http2",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct listen_settings, http2),
	    .def = "true",
	    .help = "whether HTTP/2 may be spoken there",
	},
	KEYS_END,
};

/* Why an address can not be one; NULL when it can. Whether a host name exists is found out when it
 * is opened. */
static const char *address_problem(const char *address)
{
	static const char prefix[] = "unix:";
	struct slice text = slice_str(address);
	if (slice_starts(text, slice_str(prefix))) {
		struct slice path = slice_tail(text, strlen(prefix));
		if (!slice_starts(path, SLICE("/")))
			return "the path of a unix socket begins with '/' "
			       "(\"unix:/run/httpd.sock\")";
		if (path.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
			return "the path of a unix socket has at most 107 bytes";
		return NULL;
	}
	if (text.len == 0)
		return "an empty address (expected \"*\", an address or a host name)";
	ptrdiff_t colon = slice_find_last(text, ':');
	bool one_colon = colon >= 0 && slice_find(text, ':') == colon;
	if (one_colon || (slice_starts(text, SLICE("[")) && !slice_ends(text, SLICE("]"))))
		return "the port is a key of its own (port = 80;)";
	if (slice_find(text, ' ') >= 0 || slice_find(text, '/') >= 0)
		return "not an address (expected \"*\", an address, a host name or \"unix:PATH\")";
	return NULL;
}

static void check_listen(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct listen_settings *listen = settings;
	const char *why = address_problem(listen->address);
	if (why)
		report_mistake(report, config_place(scope, &listen_group, "address"),
		    "listen[%zu].address: \"%s\": %s", scope->index, listen->address, why);
}

const struct key_group listen_group = {
	.scopes = SCOPE_LISTEN,
	.keys = listen_keys,
	.size = sizeof(struct listen_settings),
	.help = "an address to listen on",
	.check = check_listen,
};

/* Logs. */

static const char *const level_choices[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	NULL,
};

static const struct key log_keys[] = {
	{
	    .name = "access",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct log_settings, access),
	    .def = "-",
	    .help = "where requests are logged: a path, \"-\" (standard output), \"off\" or "
		    "\"syslog:FACILITY\"",
	},
	{
	    .name = "format",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct log_settings, format),
	    .def = "combined",
	    .help = "\"common\", \"combined\", \"json\" or a template",
	},
	{
	    .name = "skip",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct log_settings, skip),
	    .help = "paths that are not logged: \"/literal\", \"/prefix*\", \"*.suffix\"",
	},
	{
	    .name = "skip_status",
	    .type = KEY_INTS,
	    .offset = KEY_AT(struct log_settings, skip_status),
	    .min = 100,
	    .max = 599,
	    .help = "status codes that are not logged",
	},
	{
	    .name = "slow",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct log_settings, slow),
	    .def = "0s",
	    .help = "requests that take as long are told in the error log; 0: none",
	},
	{
	    .name = "error",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct log_settings, error),
	    .def = "-",
	    .scopes = SCOPE_GLOBAL, /* what happens to the server is no site's own */
	    .help =
		"where events are logged: a path, \"-\" (standard error) or \"syslog:FACILITY\"",
	},
	{
	    .name = "level",
	    .type = KEY_CHOICE,
	    .offset = KEY_AT(struct log_settings, level),
	    .def = "notice",
	    .choices = level_choices,
	    .scopes = SCOPE_GLOBAL,
	    .help = "the least important events that are logged",
	},
	KEYS_END,
};

static const char *const formats[] = { "common", "combined", "json", NULL };

/* Whether the word is in the list; the nearest one of it is left in `near`. */
static bool is_one_of(const char *const *list, const char *word, struct suggestion *near)
{
	suggest_start(near, word);
	for (; *list; list++) {
		if (strcmp(*list, word) == 0)
			return true;
		suggest_try(near, *list);
	}
	return false;
}

static void check_destination(const struct config_scope *scope, const char *key, const char *value,
    struct config_report *report)
{
	static const char prefix[] = "syslog:";
	struct suggestion near;
	struct config_place at = config_place(scope, &log_group, key);
	refuse_empty(scope, &log_group, key, value, report);
	if (strncmp(value, prefix, strlen(prefix)) != 0) {
		/* "syslog", "stdout" and "none" would be files where the server was started;
		   "access.log" is meant as one. */
		if (*value && !strpbrk(value, "/.") && strcmp(value, "-") != 0 &&
		    strcmp(value, "off") != 0)
			report_mistake(report, at,
			    "log.%s: '%s' has no directory (expected \"/var/log/httpd/%s.log\", "
			    "\"-\" or \"syslog:daemon\")",
			    key, value, key);
		return;
	}
	const char *facility = value + strlen(prefix);
	if (!is_one_of(facility_names, facility, &near))
		report_mistake(report, at, "log.%s: no syslog facility '%s' (%s \"syslog:%s\"%s)",
		    key, facility, near.name ? "did you mean" : "expected",
		    near.name ? near.name : "daemon", near.name ? "?" : "");
}

static void check_format(
    const struct config_scope *scope, const char *format, struct config_report *report)
{
	struct suggestion near;
	if (!strchr(format, '$') && !is_one_of(formats, format, &near))
		report_mistake(report, config_place(scope, &log_group, "format"),
		    "log.format: '%s' is neither \"common\", \"combined\", \"json\" nor a template "
		    "with ${variables}",
		    format);
}

/* "*" stands at one end: what is more needs a route of its own, with access = "off". */
static void check_skip(const struct config_scope *scope, const struct config_strings *skip,
    struct config_report *report)
{
	for (size_t i = 0; i < skip->count; i++) {
		struct slice text = slice_str(skip->list[i]);
		bool suffix = slice_starts(text, SLICE("*"));
		struct slice rest = suffix ? slice_tail(text, 1) : text;
		ptrdiff_t star = slice_find(rest, '*');
		bool at_end = star >= 0 && (size_t)star == rest.len - 1 && !suffix;
		if ((suffix || slice_starts(text, SLICE("/"))) && (star < 0 || at_end))
			continue;
		report_mistake(report, config_place(scope, &log_group, "skip"),
		    "log.skip: '%s' is no path (expected \"/healthz\", \"/static/*\" or \"*.css\")",
		    skip->list[i]);
	}
}

static void check_error_log(
    const struct config_scope *scope, const struct log_settings *log, struct config_report *report)
{
	check_destination(scope, "error", log->error, report);
	if (strcmp(log->error, "off") == 0)
		report_mistake(report, config_place(scope, &log_group, "error"),
		    "log.error: can not be off (raise log.level instead)");
}

/* What is inherited was looked at where it is written. */
static void check_log(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct log_settings *log = settings;
	bool global = scope->kind == SCOPE_GLOBAL;
	if (global || config_given(scope, &log_group, "access"))
		check_destination(scope, "access", log->access, report);
	if (global)
		check_error_log(scope, log, report);
	if (global || config_given(scope, &log_group, "format"))
		check_format(scope, log->format, report);
	if (config_given(scope, &log_group, "skip"))
		check_skip(scope, &log->skip, report);
}

const struct key_group log_group = {
	.name = "log",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = log_keys,
	.size = sizeof(struct log_settings),
	.help = "logs of requests and of events",
	.check = check_log,
};

/* A site. */

static const struct key site_keys[] = {
	{
	    .name = "names",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct site_settings, names),
	    .help = "host names, also \"*.example.org\"; the site without is the default",
	},
	{
	    .name = "root",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct site_settings, root),
	    .help = "the directory of its files",
	},
	{
	    .name = "routes",
	    .type = KEY_GROUPS,
	    .group = &route_group,
	    .help = "what answers which path, in the order of trying",
	},
	KEYS_END,
};

static void check_site(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct site_settings *site = settings;
	struct config_place at = config_place(scope, &site_group, "names");
	for (size_t i = 0; i < site->names.count; i++) {
		const char *why = check_host_name(site->names.list[i]);
		if (why)
			report_mistake(report, at, "sites[%zu].names: '%s': %s", scope->index,
			    site->names.list[i], why);
	}
	if (site->root && !*site->root)
		report_mistake(report, config_place(scope, &site_group, "root"),
		    "sites[%zu].root: \"\" is no directory (\".\" is the current one)",
		    scope->index);
}

const struct key_group site_group = {
	.scopes = SCOPE_SITE,
	.keys = site_keys,
	.size = sizeof(struct site_settings),
	.help = "a site",
	.check = check_site,
};
