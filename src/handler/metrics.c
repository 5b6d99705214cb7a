/*
 * metrics.c - what app/stats.h knows, as OpenMetrics 1.0 or as the older text format of Prometheus,
 * whichever the client likes better.
 *
 * Any worker answers for all of them. What has never happened under a combination of labels is left
 * out where the combinations are many (sites), and is 0 where they are few, so that the first
 * failure is a step that an alert can see.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "handler/metrics.h"

#include "app/guard.h"
#include "app/page.h"
#include "app/stats.h"
#include "config/core.h"
#include "http/accept.h"
#include "tls/check.h"

#include <stdio.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum {
	/* 128 sites with names of 254 bytes, each with all of its 41 lines, take 2 MiB. */
	TEXT_MAX = 4 << 20,
};

struct metrics {
	struct page page;
	bool open; /* OpenMetrics */
	struct stats stats;
};

/* Both formats know three escapes in the value of a label, and nothing but UTF-8. */
static void put_value(struct metrics *m, struct slice s)
{
	while (s.len) {
		size_t n = utf8_printable(s);
		if (*s.ptr == '\n')
			page_put(&m->page, "\\n");
		else if (*s.ptr == '"' || *s.ptr == '\\')
			page_put(&m->page, "\\%c", *s.ptr);
		else if (n > 0)
			page_put(&m->page, SLICE_FMT, (int)n, s.ptr);
		else
			page_put(&m->page, "\xef\xbf\xbd");
		s = slice_tail(s, n > 0 ? n : 1);
	}
}

static void put_number(struct metrics *m, uint64_t n)
{
	page_put(&m->page, " %llu\n", (unsigned long long)n);
}

static void put_seconds(struct metrics *m, uint64_t ms)
{
	page_put(&m->page, " %llu.%03u\n", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
}

/* OpenMetrics names the family, the older format the samples. */
static void begin(struct metrics *m, const char *name, const char *type, const char *help)
{
	const char *end = "";
	if (!m->open && strcmp(type, "counter") == 0)
		end = "_total";
	if (strcmp(type, "info") == 0) {
		type = m->open ? type : "gauge";
		end = m->open ? end : "_info";
	}
	page_put(&m->page, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, end, help, name, end, type);
}

static const struct {
	const char *name;
	const char *help;
	size_t offset; /* of a uint64_t in struct stats */
} counters[] = {
	{ "httpd_connections_accepted", "Connections taken from the listening sockets.",
	    offsetof(struct stats, accepted) },
	{ "httpd_connections_refused", "Newcomers turned away because a limit was reached.",
	    offsetof(struct stats, refused) },
	{ "httpd_requests_rate_limited", "Requests refused because they were over a rate.",
	    offsetof(struct stats, rate_limited) },
	{ "httpd_received_bytes", "Bytes read from clients, without TLS and below.",
	    offsetof(struct stats, bytes_in) },
	{ "httpd_sent_bytes", "Bytes sent to clients, without TLS and below.",
	    offsetof(struct stats, bytes_out) },
	{ "httpd_worker_restarts", "Workers that died and were replaced.",
	    offsetof(struct stats, restarts) },
};

static const char *const results[] = { "failed", "ok", NULL };
static const char *const lookups[] = { "miss", "hit", NULL };
static const char *const levels[] = { "error", "warning", "notice", NULL };
static const char *const reasons[] = { "error", "timeout", "plain_http", NULL };

static const struct {
	const char *name;
	const char *help;
	const char *label;
	const char *const *values;
	size_t offset; /* of an array of uint64_t */
} counter_lists[] = {
	{ "httpd_file_cache_lookups", "Paths looked up in the cache of hot files.", "result",
	    lookups, offsetof(struct stats, file_cache) },
	{ "httpd_cache_lookups", "Answers looked up in the cache of answers.", "result", lookups,
	    offsetof(struct stats, cache) },
	{ "httpd_tls_handshake_failures", "TLS handshakes that came to nothing.", "reason", reasons,
	    offsetof(struct stats, tls_failures) },
	{ "httpd_reloads", "Reloads of the configuration.", "result", results,
	    offsetof(struct stats, reloads) },
	{ "httpd_upgrades", "Upgrades of the running binary.", "result", results,
	    offsetof(struct stats, upgrades) },
	{ "httpd_log_lines", "Lines written to the error log.", "level", levels,
	    offsetof(struct stats, log_lines) },
};

static const uint64_t *numbers_at(const struct metrics *m, size_t offset)
{
	return (const uint64_t *)(const void *)((const char *)&m->stats + offset);
}

static void put_counters(struct metrics *m)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		begin(m, counters[i].name, "counter", counters[i].help);
		page_put(&m->page, "%s_total", counters[i].name);
		put_number(m, *numbers_at(m, counters[i].offset));
	}
	for (size_t i = 0; i < sizeof(counter_lists) / sizeof(*counter_lists); i++) {
		const char *name = counter_lists[i].name;
		begin(m, name, "counter", counter_lists[i].help);
		for (unsigned k = 0; counter_lists[i].values[k]; k++) {
			page_put(&m->page, "%s_total{%s=\"%s\"}", name, counter_lists[i].label,
			    counter_lists[i].values[k]);
			put_number(m, numbers_at(m, counter_lists[i].offset)[k]);
		}
	}
}

static void put_handshakes(struct metrics *m)
{
	static const char *const versions[SCORE_TLS_VERSIONS] = { "TLSv1.2", "TLSv1.3" };
	begin(m, "httpd_tls_handshakes", "counter", "TLS handshakes that succeeded.");
	for (unsigned v = 0; v < SCORE_TLS_VERSIONS; v++)
		for (unsigned resumed = 0; resumed < 2; resumed++) {
			page_put(&m->page,
			    "httpd_tls_handshakes_total{version=\"%s\",resumed=\"%s\"}",
			    versions[v], resumed ? "true" : "false");
			put_number(m, m->stats.tls_handshakes[v][resumed]);
		}
}

/* --- sites --- */

static void put_site(struct metrics *m, const char *name, const struct stats_site *site)
{
	page_put(&m->page, "%s{site=\"", name);
	put_value(m, site->name);
	page_put(&m->page, "\"");
}

static void put_requests(struct metrics *m, const struct stats_site *site)
{
	static const char *const protocols[SCORE_PROTOCOLS] = { "HTTP/1.0", "HTTP/1.1", "HTTP/2" };
	for (unsigned p = 0; p < SCORE_PROTOCOLS; p++)
		for (unsigned c = 0; c < SCORE_STATUS_CLASSES; c++) {
			if (site->requests[p][c] == 0)
				continue;
			put_site(m, "httpd_requests_total", site);
			page_put(&m->page, ",code=\"%c%s\",protocol=\"%s\"}",
			    c ? '0' + (int)c : 'o', c ? "xx" : "ther", protocols[p]);
			put_number(m, site->requests[p][c]);
		}
}

/* Microseconds as seconds in the one way that both formats write a bound: 0.0025, 1.0, 10.0. */
static void put_bound(struct metrics *m, uint32_t us)
{
	char digits[8];
	snprintf(digits, sizeof(digits), "%06u", (unsigned)(us % 1000000));
	for (int last = 5; last > 0 && digits[last] == '0'; last--)
		digits[last] = '\0';
	page_put(&m->page, ",le=\"%u.%s\"}", (unsigned)(us / 1000000), digits);
}

static void put_durations(struct metrics *m, const struct stats_site *site)
{
	static const char bucket[] = "httpd_request_duration_seconds_bucket";
	uint64_t sum = 0;
	for (unsigned i = 0; i < SCORE_BUCKETS; i++) {
		sum += site->durations[i];
		put_site(m, bucket, site);
		put_bound(m, score_bucket_us[i]);
		put_number(m, sum);
	}
	put_site(m, bucket, site);
	page_put(&m->page, ",le=\"+Inf\"}");
	put_number(m, site->answered);
	put_site(m, "httpd_request_duration_seconds_sum", site);
	page_put(&m->page, "} %llu.%06u\n", (unsigned long long)(site->duration_us / 1000000),
	    (unsigned)(site->duration_us % 1000000));
	put_site(m, "httpd_request_duration_seconds_count", site);
	page_put(&m->page, "}");
	put_number(m, site->answered);
}

static void put_content_in(struct metrics *m, const struct stats_site *site)
{
	put_site(m, "httpd_request_content_bytes_total", site);
	page_put(&m->page, "}");
	put_number(m, site->content_in);
}

static void put_content_out(struct metrics *m, const struct stats_site *site)
{
	put_site(m, "httpd_response_content_bytes_total", site);
	page_put(&m->page, "}");
	put_number(m, site->content_out);
}

static const struct {
	const char *name;
	const char *type;
	const char *help;
	void (*put)(struct metrics *m, const struct stats_site *site);
} site_families[] = {
	{ "httpd_requests", "counter", "Requests answered, refused ones included.", put_requests },
	{ "httpd_request_duration_seconds", "histogram",
	    "Time from a request's complete head to the last byte of its answer.", put_durations },
	{ "httpd_request_content_bytes", "counter", "Bytes of content received with requests.",
	    put_content_in },
	{ "httpd_response_content_bytes", "counter", "Bytes of content sent in answers.",
	    put_content_out },
};

/* "other" is there for those who have need of it. */
static void put_sites(struct metrics *m)
{
	for (size_t f = 0; f < sizeof(site_families) / sizeof(*site_families); f++) {
		begin(m, site_families[f].name, site_families[f].type, site_families[f].help);
		for (unsigned i = 0; i < m->stats.site_count; i++) {
			const struct stats_site *site = &m->stats.sites[i];
			if (i > 0 || site->answered > 0 || m->stats.site_count == 1)
				site_families[f].put(m, site);
		}
	}
}

/* --- what is now --- */

static void put_connections(struct metrics *m)
{
	const struct stats *s = &m->stats;
	begin(m, "httpd_connections", "gauge", "Open connections.");
	page_put(&m->page, "httpd_connections{state=\"active\"} %u\n", s->active);
	page_put(&m->page, "httpd_connections{state=\"idle\"} %u\n", s->idle);
	page_put(&m->page, "httpd_connections{state=\"handshake\"} %u\n", s->handshakes);
	page_put(&m->page, "httpd_connections{state=\"closing\"} %u\n", s->closing);
	begin(m, "httpd_connections_limit", "gauge", "Connections that may be open at a time.");
	const struct limits_settings *limits =
	    config_settings(app_worker.snapshot->global, &limits_group);
	page_put(&m->page, "httpd_connections_limit %lld\n", (long long)limits->connections);
	begin(m, "httpd_requests_in_flight", "gauge", "Requests that are being answered.");
	page_put(&m->page, "httpd_requests_in_flight %u\n", s->in_hand);
}

static void put_workers(struct metrics *m)
{
	const unsigned *in = m->stats.workers_in;
	begin(m, "httpd_workers", "gauge", "Worker processes.");
	page_put(&m->page, "httpd_workers{state=\"starting\"} %u\n", in[SCORE_STARTING]);
	page_put(&m->page, "httpd_workers{state=\"ready\"} %u\n", in[SCORE_READY]);
	page_put(&m->page, "httpd_workers{state=\"draining\"} %u\n", in[SCORE_DRAINING]);
	begin(m, "httpd_sandbox", "gauge", "Whether this confines all workers that serve.");
	page_put(&m->page, "httpd_sandbox{part=\"landlock\"} %d\n",
	    (m->stats.sandbox & SANDBOX_LANDLOCK) != 0);
	page_put(&m->page, "httpd_sandbox{part=\"seccomp\"} %d\n",
	    (m->stats.sandbox & SANDBOX_SECCOMP) != 0);
}

static void put_server(struct metrics *m)
{
	const struct stats *s = &m->stats;
	begin(m, "httpd_build", "info", "The binary that answers.");
	page_put(&m->page, "httpd_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	begin(m, "httpd_config", "info", "The configuration in force.");
	page_put(&m->page, "httpd_config_info{digest=\"%s\"} 1\n", app_worker.snapshot->digest);
	begin(m, "httpd_config_generation", "gauge", "Number of the generation that serves.");
	page_put(&m->page, "httpd_config_generation %u\n", s->generation);
	begin(m, "httpd_config_last_reload_successful", "gauge",
	    "Whether the last reload was taken up.");
	page_put(&m->page, "httpd_config_last_reload_successful %d\n", !s->reload_failed);
	begin(m, "httpd_config_last_reload_success_timestamp_seconds", "gauge",
	    "When the configuration in force was taken up.");
	page_put(&m->page, "httpd_config_last_reload_success_timestamp_seconds");
	put_seconds(m, s->reloaded_ms ? s->reloaded_ms : s->started_ms);
	begin(m, "httpd_start_time_seconds", "gauge",
	    "When counting began: at the start of the first master, before any upgrade.");
	page_put(&m->page, "httpd_start_time_seconds");
	put_seconds(m, s->started_ms);
}

static void on_certificate(void *ctx, const char *file, int64_t ends_s)
{
	struct metrics *m = ctx;
	page_put(&m->page, "httpd_certificate_not_after_timestamp_seconds{certificate=\"");
	put_value(m, slice_str(file ? file : "made on the spot"));
	page_put(&m->page, "\"} %lld\n", (long long)ends_s);
}

static void put_certificates(struct metrics *m)
{
	if (!app_worker.certificates)
		return;
	begin(m, "httpd_certificate_not_after_timestamp_seconds", "gauge",
	    "When the certificate expires.");
	tls_each_certificate(app_worker.certificates, on_certificate, m);
}

static void write_all(struct metrics *m)
{
	put_server(m);
	put_workers(m);
	put_connections(m);
	put_sites(m);
	put_counters(m);
	put_handshakes(m);
	put_certificates(m);
	if (m->open)
		page_put(&m->page, "# EOF\n");
}

static bool wants_open(struct request *r)
{
	struct slice accept = fields_join(&r->fields, FIELD_ACCEPT, &r->arena);
	return accept_quality(accept, SLICE("application/openmetrics-text")) >
	       accept_quality(accept, SLICE("text/plain"));
}

static void add_fields(struct request *r, bool open)
{
	response_add_static(r, FIELD_CONTENT_TYPE, SLICE("Content-Type"),
	    open ? SLICE("application/openmetrics-text; version=1.0.0; charset=utf-8")
		 : SLICE("text/plain; version=0.0.4; charset=utf-8"));
	response_add_static(r, FIELD_CACHE_CONTROL, SLICE("Cache-Control"), SLICE("no-store"));
	response_add_static(r, FIELD_OTHER, SLICE("Vary"), SLICE("Accept"));
}

static void handle(struct request *r, void *state)
{
	struct metrics m = { .open = wants_open(r) };
	(void)state;
	page_init(&m.page, TEXT_MAX);
	stats_take(&m.stats, &r->arena);
	write_all(&m);
	add_fields(r, m.open);
	page_answer(r, &m.page);
}

static void check(const struct config_scope *route, struct config_report *report)
{
	guard_warn(route, "the counters", report);
}

static void explain(struct request *r, void *state, char *text_out, size_t room)
{
	(void)r, (void)state;
	snprintf(text_out, room, "the counters of all workers");
}

const struct handler metrics_handler = {
	.name = "metrics",
	.methods = 1u << METHOD_GET | 1u << METHOD_HEAD,
	.check = check,
	.handle = handle,
	.explain = explain,
};
