/*
 * log.h - the error log: what happened to the server, for its operator.
 *
 * One line an event, written with one write(2) so that lines of several processes never mix.
 * Control bytes and bytes over 0x7e that come in through arguments are written as \xNN: a peer can
 * not forge a line. A destination that fails (full disk) is reported once on standard error, then
 * lines are counted and the count is told when the destination works again. Usable in every process
 * after log_init.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* Where lines go. `fd` is borrowed. A terminal gets colour and short times. */
struct log_sink {
	int fd;               /* -1: syslog */
	int syslog_facility;  /* LOG_DAEMON, LOG_LOCAL0 ...; used when fd is -1 */
	enum log_level level; /* the least important level that is written */
	bool terminal;
};

/*
 * Copies; call again to change. With syslog the C library holds a descriptor: a process about to
 * close descriptors it does not know calls closelog() first; the next line opens it again.
 */
void log_init(const struct log_sink *sink);
void log_set_name(const char *name); /* "master", "worker 3": stands in each line */
bool log_enabled(enum log_level level);
const char *log_level_name(enum log_level level); /* "warning" */

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * For what can happen a thousand times a second: at most one line in ten seconds passes, and says
 * how many like it were left out. The gate is static storage of the caller, zero at first.
 */
struct log_gate {
	uint64_t open_at_ms;
	uint64_t suppressed;
};
void log_gated(struct log_gate *gate, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
