/*
 * log.c - the error log. Formats a line on the stack, escapes it, writes it with one write(2).
 *
 * No allocation and no lock, so it works when memory or the disk has run out. It belongs to the
 * process' main thread: jobs of the thread pool report through their result. Never changes errno,
 * so that a caller may log between a failed call and its return.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/scoreboard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
	/* A path and a peer's name, escaped, with room to spare; below PIPE_BUF, so that a pipe
	 * takes the line whole, too. */
	LINE_MAX_BYTES = 2048,
	PREFIX_MAX = 160, /* time, level, name and colours */
	NAME_MAX_BYTES = 64,
	GATE_MS = 10000,
};

static struct {
	struct log_sink sink;
	char name[NAME_MAX_BYTES];
	uint64_t lost; /* lines since the destination began to fail */
	bool torn;     /* a line broke off at a full disk: the next begins on a new one */
} state = { .sink = { .fd = STDERR_FILENO, .level = LOG_LEVEL_NOTICE } };

static const struct {
	const char *name;
	const char *colour;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "\033[1;31m", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", "\033[33m", LOG_WARNING },
	[LOG_LEVEL_NOTICE] = { "notice", "\033[32m", LOG_NOTICE },
	[LOG_LEVEL_INFO] = { "info", "\033[36m", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", "\033[2m", LOG_DEBUG },
};

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};

void log_init(const struct log_sink *sink)
{
	if (state.sink.fd < 0)
		closelog();
	state.sink = *sink;
	state.lost = 0;
	state.torn = false;
	/* Opened at once: later the sandbox may refuse it. */
	if (sink->fd < 0)
		openlog("httpd", LOG_PID | LOG_NDELAY, sink->syslog_facility);
}

void log_set_name(const char *name)
{
	snprintf(state.name, sizeof(state.name), "%s", name);
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

bool log_enabled(enum log_level level)
{
	return level <= state.sink.level;
}

/* The text of a line ends four bytes before the bound, so that "..." and the newline fit. */
static void put_escaped(struct line *line, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= 0x20 && c <= 0x7e;
		if (line->len + (plain ? 1 : 4) > LINE_MAX_BYTES - 4) {
			memcpy(line->text + line->len, "...", 3);
			line->len += 3;
			return;
		}
		if (plain) {
			line->text[line->len++] = (char)c;
			continue;
		}
		memcpy(line->text + line->len, "\\x", 2);
		line->text[line->len + 2] = hex[c >> 4];
		line->text[line->len + 3] = hex[c & 15];
		line->len += 4;
	}
}

static void put_file_prefix(struct line *line, enum log_level level)
{
	char date[25];
	uint64_t now_ms = clock_wall_ms();
	date_format_iso((time_t)(now_ms / 1000), (unsigned)(now_ms % 1000), date);
	line->len = (size_t)snprintf(line->text, PREFIX_MAX, "%s %s ", date, levels[level].name);
}

static void put_terminal_prefix(struct line *line, enum log_level level)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm = { 0 };
	localtime_r(&now, &tm);
	line->len =
	    (size_t)snprintf(line->text, PREFIX_MAX, "\033[2m%02d:%02d:%02d\033[0m %s%s\033[0m ",
		tm.tm_hour, tm.tm_min, tm.tm_sec, levels[level].colour, levels[level].name);
}

static void compose(struct line *line, enum log_level level, const char *text, size_t len)
{
	line->len = 0;
	if (state.sink.fd >= 0 && state.sink.terminal)
		put_terminal_prefix(line, level);
	else if (state.sink.fd >= 0)
		put_file_prefix(line, level);
	if (state.name[0]) {
		put_escaped(line, state.name, strlen(state.name));
		put_escaped(line, ": ", 2);
	}
	put_escaped(line, text, len);
	line->text[line->len] = '\n';
	line->len++;
}

/* A write cut short (the disk is just full) is tried again for its rest; what the rest meets then
 * is the verdict. */
static bool write_all(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(state.sink.fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		state.torn = true;
		text += n;
		len -= (size_t)n;
	}
	state.torn = false;
	return true;
}

static bool write_line(const struct line *line)
{
	return (!state.torn || write_all("\n", 1)) && write_all(line->text, line->len);
}

static void tell_failure(int error)
{
	char text[256];
	if (state.sink.fd == STDERR_FILENO)
		return;
	int len = snprintf(text, sizeof(text),
	    "httpd: cannot write the error log: %s; lines are counted until it works again\n",
	    strerror(error));
	if (len > 0 && write(STDERR_FILENO, text, (size_t)len) < 0)
		return; /* then nobody can be told */
}

static bool tell_recovery(void)
{
	char text[96];
	struct line line;
	int len = snprintf(text, sizeof(text), "the log works again; %llu lines were lost",
	    (unsigned long long)state.lost);
	compose(&line, LOG_LEVEL_WARNING, text, (size_t)len);
	if (!write_line(&line))
		return false;
	state.lost = 0;
	return true;
}

static void emit(enum log_level level, const char *text, size_t len)
{
	struct line line;
	event_ring_add(
	    score_events(), level, clock_wall_ms(), slice_str(state.name), slice_of(text, len));
	compose(&line, level, text, len);
	if (state.sink.fd < 0) {
		syslog(levels[level].priority, "%.*s", (int)line.len - 1, line.text);
		return;
	}
	if (state.lost && !tell_recovery()) {
		state.lost++;
		return;
	}
	if (!write_line(&line) && state.lost++ == 0)
		tell_failure(errno);
}

static __attribute__((format(printf, 2, 0))) void vlog(
    enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES + 1]; /* longer than a line: compose sees that it was cut */
	int saved = errno;
	int len = vsnprintf(text, sizeof(text), fmt, ap);
	if (len > 0)
		emit(level, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
	errno = saved;
}

void log_error(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (log_enabled(LOG_LEVEL_ERROR))
		vlog(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void log_warning(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (log_enabled(LOG_LEVEL_WARNING))
		vlog(LOG_LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

void log_notice(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (log_enabled(LOG_LEVEL_NOTICE))
		vlog(LOG_LEVEL_NOTICE, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (log_enabled(LOG_LEVEL_INFO))
		vlog(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (log_enabled(LOG_LEVEL_DEBUG))
		vlog(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}

static void log_plain(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void log_plain(enum log_level level, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vlog(level, fmt, ap);
	va_end(ap);
}

void log_gated(struct log_gate *gate, enum log_level level, const char *fmt, ...)
{
	if (!log_enabled(level))
		return;
	int saved = errno;
	uint64_t now_ms = clock_mono_ms();
	if (now_ms < gate->open_at_ms) {
		gate->suppressed++;
		return;
	}
	char text[LINE_MAX_BYTES + 1];
	va_list ap;
	va_start(ap, fmt);
	errno = saved; /* for %m */
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* The count stands in front, where a long text can not cut it off. */
	if (gate->suppressed)
		log_plain(level, "(%llu more like this were left out) %s",
		    (unsigned long long)gate->suppressed, text);
	else
		log_plain(level, "%s", text);
	gate->open_at_ms = now_ms + GATE_MS;
	gate->suppressed = 0;
}
