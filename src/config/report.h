/*
 * report.h - everything that is wrong with a configuration, collected, then told in the order of
 * the lines.
 */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include "config/keys.h"

struct config_report;

struct config_report *report_new(void);
void report_free(struct config_report **r);

/* "httpd.conf:12: unknown key 'certifcate' in tls (did you mean 'certificate'?)". The text has no
 * place and no full stop. A mistake refuses the configuration, a warning does not. */
void report_mistake(struct config_report *r, struct config_place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void report_warning(struct config_report *r, struct config_place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

size_t report_mistakes(const struct config_report *r);
size_t report_warnings(const struct config_report *r);
/* Calls fn for each, sorted by file and line. place: "FILE:LINE: " or "". */
void report_each(const struct config_report *r,
    void (*fn)(void *ctx, bool mistake, const char *place, const char *text), void *ctx);
/* What stands between the two where nothing else tells one from the other. */
static inline const char *report_kind(bool mistake)
{
	return mistake ? "" : "warning: ";
}

#endif
