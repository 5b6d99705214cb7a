/*
 * status_write.h - the two forms of /status. Private to its files.
 */
#ifndef HANDLER_STATUS_WRITE_H
#define HANDLER_STATUS_WRITE_H

#include "app/page.h"
#include "app/stats.h"

struct status_certificate {
	struct slice name; /* its file, or how it came about */
	int64_t ends_s;    /* since the epoch */
};

struct status_view {
	struct stats stats;
	struct stats_site all;
	const char *version;
	const char *file; /* the configuration's; NULL: there is none */
	const char *digest;
	int64_t connections_max;
	struct status_certificate *certificates;
	size_t certificate_count;
	const struct event *events; /* newest first */
	size_t event_count;
	struct slice nonce; /* of the page's own style and script */
};

void status_write_json(struct page *p, const struct status_view *v);
void status_write_html(struct page *p, const struct status_view *v);

/* "starting", "ready", "draining". */
const char *status_worker_state(enum score_state state);

/* The page's files, made into strings by embed.awk. */
extern const char status_style[], status_script[];

#endif
