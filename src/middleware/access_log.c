/*
 * access_log.c - a line for each request, written when it is over: common, combined, JSON, a
 * template of the operator's, or a short one for whoever looks at a terminal.
 *
 * Where lines go and how they stay whole is app/logfile.h's; how values are made safe is
 * app/escape.h's.
 */
#include "middleware/access_log.h"

#include "app/escape.h"
#include "app/logfile.h"
#include "app/template.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/core.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A line's bound: usual limits, escaped, fit, and two lines stand in what logfile.c collects.
 * Longer ones end in "...". */
enum { LINE_MAX_BYTES = 32 << 10 };

struct access_log {
	const struct log_settings *settings;
	int file;
	const struct template *line; /* NULL: the terminal's */
	/* In place of a line of JSON over the bound, which would be none if it were cut. */
	const struct template *brief;
	enum template_escape escape;
};

static const struct {
	const char *name;
	const char *text;
	enum template_escape escape;
} formats[] = {
	{ "common",
	    "${remote_addr} - ${user} [${time_local}] \"${method} ${target} ${protocol}\" "
	    "${status} ${bytes}",
	    ESCAPE_LOG },
	{ "combined",
	    "${remote_addr} - ${user} [${time_local}] \"${method} ${target} ${protocol}\" "
	    "${status} ${bytes} \"${http_referer}\" \"${http_user_agent}\"",
	    ESCAPE_LOG },
	{ "json",
	    "{\"time\":\"${time_iso}\",\"remote_addr\":\"${remote_addr}\",\"user\":\"${user}\","
	    "\"request_id\":\"${request_id}\",\"scheme\":\"${scheme}\",\"host\":\"${host}\","
	    "\"method\":\"${method}\",\"target\":\"${target}\",\"protocol\":\"${protocol}\","
	    "\"status\":${status},\"bytes\":${bytes},\"duration_ms\":${duration_ms},"
	    "\"referer\":\"${http_referer}\",\"user_agent\":\"${http_user_agent}\"}",
	    ESCAPE_JSON },
};

static const char brief_json[] =
    "{\"time\":\"${time_iso}\",\"remote_addr\":\"${remote_addr}\",\"request_id\":\"${request_id}\","
    "\"scheme\":\"${scheme}\",\"protocol\":\"${protocol}\",\"status\":${status},"
    "\"bytes\":${bytes},\"duration_ms\":${duration_ms},\"truncated\":true}";

/* Whoever writes an object means JSON. */
static bool is_object(struct slice text)
{
	return slice_starts(text, SLICE("{")) && slice_ends(text, SLICE("}"));
}

static int compile(
    struct access_log *log, const char *format, struct arena *a, struct template_error *error_out)
{
	struct slice text = slice_str(format);
	log->escape = is_object(text) ? ESCAPE_JSON : ESCAPE_LOG;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (strcmp(formats[i].name, format) != 0)
			continue;
		text = slice_str(formats[i].text);
		log->escape = formats[i].escape;
	}
	if (log->escape == ESCAPE_JSON &&
	    template_compile(slice_str(brief_json), a, NULL, &log->brief, error_out) < 0)
		return ERR_SYNTAX;
	return template_compile(text, a, NULL, &log->line, error_out);
}

/* The file itself is the master's to make, when it starts. */
static void check_directory(
    const struct config_scope *scope, const char *path, struct config_report *report)
{
	struct stat st;
	const char *slash = path ? strrchr(path, '/') : NULL;
	if (!slash || slash == path || !config_given(scope, &log_group, "access"))
		return;
	char *directory = mem_printf("%.*s", (int)(slash - path), path);
	if (stat(directory, &st) < 0)
		report_mistake(report, config_place(scope, &log_group, "access"),
		    "log.access: '%s': %s", directory, strerror(errno));
	mem_free(directory);
}

static void check(const struct config_scope *scope, struct config_report *report)
{
	const struct log_settings *settings = config_settings(scope, &log_group);
	struct access_log log;
	struct arena a;
	struct template_error error;
	check_directory(scope, settings->access, report);
	if (!config_given(scope, &log_group, "format") || !settings->format)
		return;
	arena_init(&a);
	if (compile(&log, settings->format, &a, &error) < 0)
		report_mistake(report, config_place(scope, &log_group, "format"),
		    "log.format: %s in '%s' (expected common, combined, json or text with "
		    "${variables})",
		    error.reason, settings->format);
	arena_fini(&a);
}

static bool for_people(const struct config_scope *route, const char *path)
{
	for (const struct config_scope *s = route; s; s = s->parent)
		if (config_given(s, &log_group, "format"))
			return false;
	return strcmp(path, "-") == 0 && isatty(STDOUT_FILENO);
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct log_settings *settings = config_settings(route, &log_group);
	const char *path = settings->access;
	if (!path || strcmp(path, "off") == 0)
		return NULL;
	struct access_log *log = arena_zalloc(a, sizeof(*log));
	log->settings = settings;
	log->file = logfile_open(path); /* the master has opened it: this finds it */
	if (log->file < 0) {
		log_error("cannot open access log %s: %s", path, strerror(errno));
		return NULL;
	}
	struct template_error error;
	if (!for_people(route, path) && compile(log, settings->format, a, &error) < 0) {
		log_error("log.format: %s", error.reason);
		return NULL;
	}
	return log;
}

static const char *status_colour(int status)
{
	static const char *const by_class[] = { "0", "0", "32", "36", "33", "31" };
	return status >= 100 && status < 600 ? by_class[status / 100] : "31";
}

/* 12:34:56 200 GET /index.html 1.2k 3ms ::1 */
static int write_for_people(const struct request *r, struct buf *line)
{
	char size[32], when[16], peer[NET_ADDR_TEXT] = "";
	uint64_t ms = (clock_mono_us() - r->received_us) / 1000;
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	if (r->content_sent < 10000)
		snprintf(size, sizeof(size), "%uB", (unsigned)r->content_sent);
	else if (r->content_sent < 10000000)
		snprintf(size, sizeof(size), "%ukB", (unsigned)(r->content_sent / 1000));
	else
		snprintf(
		    size, sizeof(size), "%lluMB", (unsigned long long)r->content_sent / 1000000);
	if (r->peer)
		net_addr_host(r->peer, peer);
	if (buf_printf(line, "\x1b[2m%s\x1b[0m \x1b[%sm%d\x1b[0m ", when,
		status_colour(r->response.status), r->response.status) < 0 ||
	    escape_append(line, r->method_name, ESCAPE_LOG) < 0 || buf_byte(line, ' ') < 0 ||
	    escape_append(line, r->target, ESCAPE_LOG) < 0)
		return ERR_FULL;
	return buf_printf(line, " \x1b[2m%s %llums %s\x1b[0m", size, (unsigned long long)ms, peer);
}

static bool path_skipped(const char *pattern, struct slice path)
{
	struct slice text = slice_str(pattern);
	if (slice_starts(text, SLICE("*")))
		return slice_ends(path, slice_tail(text, 1));
	if (slice_ends(text, SLICE("*")))
		return slice_starts(path, slice_head(text, text.len - 1));
	return slice_eq(path, text);
}

static bool is_skipped(const struct log_settings *s, const struct request *r)
{
	for (size_t i = 0; i < s->skip.count; i++)
		if (path_skipped(s->skip.list[i], r->path))
			return true;
	for (size_t i = 0; i < s->skip_status.count; i++)
		if (s->skip_status.list[i] == r->response.status)
			return true;
	return false;
}

static void done(struct request *r, void *state)
{
	static struct buf line; /* one at a time; its memory stays for the next */
	const struct access_log *log = state;
	if (r->internal || is_skipped(log->settings, r))
		return;
	if (line.max == 0)
		buf_init(&line, LINE_MAX_BYTES);
	buf_clear(&line);
	int rc = log->line ? template_expand(log->line, r, log->escape, &line)
			   : write_for_people(r, &line);
	if (rc < 0 && log->brief) {
		buf_clear(&line);
		rc = template_expand(log->brief, r, log->escape, &line);
	}
	if (rc < 0) {
		line.len = line.len > LINE_MAX_BYTES - 8 ? LINE_MAX_BYTES - 8 : line.len;
		rc = buf_append(&line, SLICE("..."));
	}
	if (buf_byte(&line, '\n') == OK)
		logfile_write(log->file, buf_peek(&line));
}

static const struct key_group *const groups[] = { &log_group, NULL };

const struct middleware access_log_middleware = {
	.name = "access_log",
	.groups = groups,
	.check = check,
	.prepare = prepare,
	.done = done,
};
